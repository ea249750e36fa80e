//! All hosts.

use super::Filter;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::Verdict;

/// Passes all hosts, as Nova's filter of this name does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AllHostsFilter;

impl Filter for AllHostsFilter {
    fn name(&self) -> &str {
        "AllHostsFilter"
    }

    fn check(&self, _request: &PlacementRequest, _host: &HostView<'_>) -> Verdict {
        Verdict::Pass
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn sweep(&self, _request: &PlacementRequest, _fleet: &Fleet, _candidates: &mut Candidates) {}
}
