//! Hosts where it was tried already.

use super::{Filter, Stage};
use crate::fleet::HostView;
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts where the server was not tried yet, as the filter of this name did that Nova had
/// before alternates.
#[derive(Debug, Clone, Copy, Default)]
pub struct RetryFilter;

impl Filter for RetryFilter {
    fn name(&self) -> &str {
        "RetryFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        if request.tried_hosts().contains(host.service_host()) {
            Verdict::Reject(Reason::Ignored)
        } else {
            Verdict::Pass
        }
    }

    fn is_local(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn stage(&self) -> Stage {
        Stage::Filter
    }
}
