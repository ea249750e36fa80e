//! Hosts that aggregates keep for certain projects.

use super::Filter;
use super::aggregate_metadata::{Holders, words};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts that are not kept for other projects, as Nova's filter of this name does: where
/// the aggregates of a host have keys that begin with `filter_tenant_id`, the project that asks
/// must be among the values of all of these, which are split at commas.
///
/// A request without a project counts as one of a project with an empty name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AggregateMultiTenancyIsolation;

const PREFIX: &str = "filter_tenant_id";

impl Filter for AggregateMultiTenancyIsolation {
    fn name(&self) -> &str {
        "AggregateMultiTenancyIsolation"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let project = project(request);
        let texts = || {
            let metadata = host.aggregates().flat_map(|aggregate| &aggregate.metadata);
            metadata
                .filter(|(key, _)| key.starts_with(PREFIX))
                .map(|(_, value)| value.as_str())
        };
        let mut values = texts().flat_map(words).peekable();
        if values.peek().is_none() || values.any(|value| value == project) {
            return Verdict::Pass;
        }
        Verdict::Reject(Reason::AggregateMismatch {
            key: PREFIX.to_owned(),
            wanted: project.to_owned(),
            actual: Some(texts().collect::<Vec<_>>().join(",")),
        })
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let project = project(request);
        let mut keys = fleet
            .aggregate_keys()
            .filter(|key| key.starts_with(PREFIX))
            .peekable();
        if keys.peek().is_some() {
            let fits = |value: &str| words(value).any(|word| word == project);
            candidates.subtract(&Holders::of(fleet, keys, fits).unfitting());
        }
    }
}

fn project(request: &PlacementRequest) -> &str {
    request.project().map_or("", |project| project.as_str())
}
