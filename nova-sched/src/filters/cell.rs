//! The cell that was asked for.

use nova_core::id::CellName;

use super::{Filter, Stage};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts of the cell of the [destination](crate::Destination), unless a move to another
/// cell is allowed; all hosts if no cell is asked for.
///
/// Nova does the same before its filters, by reading the hosts of that cell only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CellFilter;

impl Filter for CellFilter {
    fn name(&self) -> &str {
        "CellFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        match cell(request) {
            Some(wanted) if host.cell() != Some(wanted) => Verdict::Reject(Reason::WrongCell {
                wanted: wanted.clone(),
                actual: host.cell().cloned(),
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
        if let Some(wanted) = cell(request) {
            candidates.retain(|host| fleet.host(host).cell() == Some(wanted));
        }
    }
}

/// The cell that hosts must be in.
fn cell(request: &PlacementRequest) -> Option<&CellName> {
    let destination = request.destination()?;
    destination
        .cell
        .as_ref()
        .filter(|_| !destination.allow_cross_cell_move)
}
