//! The node whose resources are wanted.

use super::{Filter, Stage};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes the one node whose resources the request wants (Placement's `in_tree`); all hosts if it
/// names none. A host is one provider, the root of its tree, and has the name of its node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InTreeFilter;

impl Filter for InTreeFilter {
    fn name(&self) -> &str {
        "InTreeFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        match request.in_tree() {
            Some(wanted) if host.name() != wanted => Verdict::Reject(Reason::NotInTree {
                wanted: wanted.clone(),
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

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        if let Some(wanted) = request.in_tree() {
            let mut only = Candidates::none(fleet.len());
            if let Some(host) = fleet.index_of(wanted) {
                only.insert(host);
            }
            candidates.intersect(&only);
        }
    }
}
