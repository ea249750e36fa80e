//! The availability zone that was asked for.

use super::{Filter, Stage};
use crate::candidates::Candidates;
use crate::fleet::{Column, Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts of the availability zone that the request names; all hosts if it names none.
///
/// Nova 34 decides this in its Placement query; the filter of this name did so before.
#[derive(Debug, Clone, Copy, Default)]
pub struct AvailabilityZoneFilter;

impl Filter for AvailabilityZoneFilter {
    fn name(&self) -> &str {
        "AvailabilityZoneFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        match request.zone() {
            Some(wanted) if wanted != host.zone() => Verdict::Reject(Reason::WrongZone {
                wanted: wanted.clone(),
                actual: host.zone().clone(),
            }),
            _ => Verdict::Pass,
        }
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn stage(&self) -> Stage {
        Stage::Placement
    }

    fn told_apart_by<'a>(
        &self,
        _request: &PlacementRequest,
        fleet: &'a Fleet,
    ) -> Option<&'a Column<u32>> {
        Some(fleet.zone_numbers())
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let Some(zone) = request.zone() else { return };
        match fleet.zone_number(zone) {
            Some(wanted) => candidates.retain_by(fleet.zone_numbers(), |zone| *zone == wanted),
            None => candidates.clear(),
        }
    }
}
