//! Hosts that are in service.

use super::Filter;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView, Liveness};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts that are not disabled, not declared down, and not silent for too long, as Nova's
/// `ComputeFilter` does. What "too long" means was decided when the snapshot was taken
/// ([`Liveness::of`]).
#[derive(Debug, Clone, Copy, Default)]
pub struct ComputeFilter;

impl Filter for ComputeFilter {
    fn name(&self) -> &str {
        "ComputeFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, _request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        if let Some(reason) = host.disabled_reason() {
            return Verdict::Reject(Reason::HostDisabled {
                reason: reason.to_owned(),
            });
        }
        match host.liveness() {
            Liveness::Up => Verdict::Pass,
            Liveness::ForcedDown => Verdict::Reject(Reason::HostDown { silent_for: None }),
            Liveness::Silent(silence) => Verdict::Reject(Reason::HostDown {
                silent_for: Some(silence),
            }),
        }
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn sweep(&self, _request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        candidates.intersect(fleet.in_service());
    }
}
