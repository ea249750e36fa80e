//! Keeps a server that moves in its cell.

use super::weighted::by_multiplier;
use super::{AggregateMultiplier, Scores, Weigher};
use crate::fleet::{Fleet, HostIndex, HostView};
use crate::request::PlacementRequest;

/// Prefers the cell that a server is in, where it may move to another. Nova's `CrossCellWeigher`,
/// whose default outweighs every other weigher.
///
/// Raw: 1 in the cell of the [destination](crate::Destination), −1 in another one; 0 everywhere
/// unless the destination names a cell and allows others.
///
/// The metadata key `cross_cell_move_weight_multiplier` of a host's aggregates overrides the
/// multiplier.
///
/// ```
/// use nova_sched::{Scheduler, weighers::CrossCellWeigher};
///
/// let scheduler = Scheduler::builder().weigher(CrossCellWeigher::default()).build();
/// # let _ = scheduler;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossCellWeigher {
    multiplier: AggregateMultiplier,
}

impl CrossCellWeigher {
    /// With this multiplier (Nova's `cross_cell_move_weight_multiplier`, by default 1,000,000).
    pub fn new(multiplier: f64) -> Self {
        Self {
            multiplier: AggregateMultiplier::new("cross_cell_move_weight_multiplier", multiplier),
        }
    }
}

impl Default for CrossCellWeigher {
    fn default() -> Self {
        Self::new(1_000_000.0)
    }
}

impl Weigher for CrossCellWeigher {
    fn name(&self) -> &str {
        "CrossCellWeigher"
    }

    fn weigh(&self, request: &PlacementRequest, host: &HostView<'_>) -> f64 {
        let destination = request.destination();
        let destination = destination.filter(|destination| destination.allow_cross_cell_move);
        match destination.and_then(|destination| destination.cell.as_ref()) {
            None => 0.0,
            Some(cell) if host.cell() == Some(cell) => 1.0,
            Some(_) => -1.0,
        }
    }

    fn scores<'a>(&self, request: &PlacementRequest, fleet: &'a Fleet) -> Scores<'a> {
        let concerned = request.destination().is_some_and(|destination| {
            destination.allow_cross_cell_move && destination.cell.is_some()
        });
        if concerned && fleet.has_several_cells() {
            return Scores::Each;
        }
        let first = (!fleet.is_empty()).then(|| fleet.host(HostIndex::from_row(0)));
        Scores::Same(first.map_or(0.0, |host| self.weigh(request, &host)))
    }

    by_multiplier!();
}
