//! Hosts that measure what weighers look at.

use std::collections::BTreeSet;

use super::Filter;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostIndex, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};
use crate::weighers::parse_weight_setting;

/// Passes hosts that report every metric of a list, as Nova's filter of this name does with its
/// option `[metrics] weight_setting`.
///
/// A host that never reported anything is refused as [`Reason::Malformed`], even if the list is
/// empty; Nova raises.
///
/// ```
/// use nova_core::model::Resources;
/// use nova_sched::filters::MetricsFilter;
/// use nova_sched::{Filter, Fleet, HostState, PlacementRequest};
///
/// let filter = MetricsFilter::from_settings(&["cpu.frequency=-1.0".to_owned()]);
/// let host = HostState::new("node-1".parse()?, "az1".parse()?).with_metric("cpu.frequency", 2e3);
/// let fleet = Fleet::builder().host(host).build();
/// let request = PlacementRequest::new(Resources::new());
/// assert!(fleet.hosts().all(|host| filter.check(&request, &host).is_pass()));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetricsFilter {
    names: BTreeSet<String>,
}

impl MetricsFilter {
    /// Of metrics of these names.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self {
            names: names.into_iter().map(Into::into).collect(),
        }
    }

    /// Of the metrics of Nova's option: `name=number` each. What is written otherwise is passed
    /// over, as in Nova ([`parse_weight_setting`]).
    pub fn from_settings(settings: &[String]) -> Self {
        Self::new(
            parse_weight_setting(settings)
                .into_iter()
                .map(|(name, _)| name),
        )
    }
}

impl Filter for MetricsFilter {
    fn name(&self) -> &str {
        "MetricsFilter"
    }

    fn check(&self, _request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let metrics = host.metrics();
        if metrics.is_empty() && !host.has_reported() {
            return Verdict::Reject(Reason::Malformed {
                key: "metrics".to_owned(),
                wanted: self
                    .names
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(","),
                problem: "the host never reported".to_owned(),
            });
        }
        match self.names.iter().find(|name| !metrics.contains_key(*name)) {
            Some(name) => Verdict::Reject(Reason::MissingMetric { name: name.clone() }),
            None => Verdict::Pass,
        }
    }

    fn is_local(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn sweep(&self, _request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        if self.names.is_empty() {
            let measured =
                |host: HostIndex| fleet.metrics().get(host.get()).is_some_and(Option::is_some);
            candidates.retain(|host| measured(host) || fleet.host(host).has_reported());
        } else {
            candidates.retain(|host| {
                let metrics = fleet.metrics().get(host.get()).and_then(Option::as_deref);
                metrics.is_some_and(|known| self.names.iter().all(|name| known.contains_key(name)))
            });
        }
    }
}
