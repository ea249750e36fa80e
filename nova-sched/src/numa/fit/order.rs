//! Which cells of a host are tried first.

use std::cmp::Reverse;

use super::options::{CellOrder, FitOptions};
use crate::numa::{NumaCell, NumaRequest, NumaTopology};

/// The host's cells in the order in which they are tried.
///
/// If there are more than are asked for, the free CPUs decide, and among equals the free memory.
/// PCI devices come before both: cells near to them are first for a server that asks for some,
/// and last for one that does not.
pub(super) fn cells<'a>(
    topology: &'a NumaTopology,
    request: &NumaRequest,
    options: &FitOptions<'_>,
) -> Vec<&'a NumaCell> {
    let mut cells: Vec<_> = topology.cells().iter().collect();
    if cells.len() <= request.cells().len() {
        return cells;
    }
    let spread = options.order == CellOrder::Spread;
    let pinned = request.cells().first().is_some_and(|cell| cell.is_pinned());
    cells.sort_by_cached_key(|cell| {
        let memory = cell.free_memory();
        let cpus = match pinned {
            true => i64::try_from(cell.pcpuset().count_outside(cell.pinned_cpus())).unwrap_or(0),
            false => -crate::numa::cell::signed(cell.cpu_usage()),
        };
        let sign = if spread { -1 } else { 1 };
        (cpus.saturating_mul(sign), memory.saturating_mul(sign))
    });
    if let Some(pci) = options.pci {
        let devices = |cell: &&NumaCell| pci.pools.free_near(cell.id());
        match pci.requests.is_empty() {
            true => cells.sort_by_cached_key(devices),
            false => cells.sort_by_cached_key(|cell| Reverse(devices(cell))),
        }
    }
    cells
}
