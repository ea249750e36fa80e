//! Hosts that aggregates keep for certain flavors.

use super::Filter;
use super::aggregate_metadata::{Holders, joined, words};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts that are not kept for other flavors, as Nova's filter of this name does: where
/// the aggregates of a host have the key `instance_type`, the name of the flavor must be among
/// the values of all of these, which are split at commas.
///
/// A request without a flavor fits none that is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AggregateTypeAffinityFilter;

const KEY: &str = "instance_type";

impl Filter for AggregateTypeAffinityFilter {
    fn name(&self) -> &str {
        "AggregateTypeAffinityFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let flavor = request.flavor();
        let mut values = host.aggregate_values(KEY).flat_map(words).peekable();
        if values.peek().is_none() || values.any(|value| Some(value) == flavor) {
            return Verdict::Pass;
        }
        Verdict::Reject(Reason::AggregateMismatch {
            key: KEY.to_owned(),
            wanted: flavor.unwrap_or_default().to_owned(),
            actual: joined(host, KEY),
        })
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        if fleet.aggregates_with(KEY).next().is_some() {
            let flavor = request.flavor();
            let fits = |value: &str| words(value).any(|word| Some(word) == flavor);
            candidates.subtract(&Holders::of(fleet, [KEY], fits).unfitting());
        }
    }
}
