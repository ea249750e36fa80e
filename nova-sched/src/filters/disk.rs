//! Enough disk.

use nova_core::model::ResourceClass;

use super::capacity;
use super::{Filter, Stage};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::Verdict;

/// Enough disk.
///
/// Passes if one more server of the wanted size fits: claimed + wanted ≤
/// ⌊(total − reserved) × ratio⌋, and wanted ≤ total, as OpenStack Placement decides it. (Nova had
/// a filter of this name before Placement took the decision over.)
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFilter;

impl Filter for DiskFilter {
    fn name(&self) -> &str {
        "DiskFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let class = ResourceClass::DiskGb;
        capacity::check(
            &class,
            request.resources().get(&class),
            &host.amounts(&class),
        )
    }

    fn stage(&self) -> Stage {
        Stage::Placement
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let class = ResourceClass::DiskGb;
        capacity::sweep(&class, request.resources().get(&class), fleet, candidates);
    }
}
