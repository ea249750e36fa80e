//! Enough of every other class of resource.

use nova_core::model::ResourceClass;

use super::capacity;
use super::{Filter, Stage};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::Verdict;

/// Enough of every class that a request wants and no other filter is for: custom classes, `VGPU`,
/// `PCPU` and the rest.
///
/// Without it a wish for such a class would be passed over in silence. The rule is that of
/// [`CoreFilter`](super::CoreFilter).
#[derive(Debug, Clone, Copy, Default)]
pub struct ResourceFilter;

impl Filter for ResourceFilter {
    fn name(&self) -> &str {
        "ResourceFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        wanted(request)
            .map(|(class, wanted)| capacity::check(class, wanted, &host.amounts(class)))
            .find(|verdict| !verdict.is_pass())
            .unwrap_or(Verdict::Pass)
    }

    fn is_local(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn stage(&self) -> Stage {
        Stage::Placement
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        for (class, wanted) in wanted(request) {
            capacity::sweep(class, wanted, fleet, candidates);
        }
    }
}

fn wanted(request: &PlacementRequest) -> impl Iterator<Item = (&ResourceClass, u64)> {
    request.resources().iter().filter(|(class, _)| {
        !matches!(
            class,
            ResourceClass::Vcpu | ResourceClass::MemoryMb | ResourceClass::DiskGb
        )
    })
}
