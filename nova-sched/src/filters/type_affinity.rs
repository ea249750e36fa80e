//! Hosts of one flavor.

use super::Filter;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView, PlacedServer};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts all of whose servers are of the flavor that is asked for, and empty ones, as the
/// filter of this name did that Nova had until 2017.
///
/// It looks at the servers that the fleet [lists](crate::PlacedServer). One whose flavor is not
/// known counts as one of another flavor, unless that of the request is not known either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TypeAffinityFilter;

impl Filter for TypeAffinityFilter {
    fn name(&self) -> &str {
        "TypeAffinityFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        match other(request, host.placed()) {
            Some(server) => Verdict::Reject(Reason::OtherFlavor {
                actual: server.shape.flavor.clone(),
            }),
            None => Verdict::Pass,
        }
    }

    fn is_local(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        candidates.retain(|host| {
            let placed = fleet.placed().get(host.get()).and_then(Option::as_deref);
            placed.is_none_or(|placed| other(request, placed).is_none())
        });
    }
}

/// A server of another flavor.
fn other<'a>(request: &PlacementRequest, placed: &'a [PlacedServer]) -> Option<&'a PlacedServer> {
    placed
        .iter()
        .find(|server| server.shape.flavor.as_deref() != request.flavor())
}
