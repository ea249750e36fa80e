//! What servers hold of NUMA cells, reckoned beside the fleet so that the fleet can be checked.

use std::collections::BTreeMap;

use crate::fleet::{HardwareClaim, HostIndex};

/// Processors and memory in MiB that servers hold, by cell.
#[derive(Default)]
pub(super) struct CellLedger {
    held: BTreeMap<(HostIndex, u32), (u64, u64)>,
}

impl CellLedger {
    /// What the servers that were placed here hold of a cell.
    pub(super) fn held(&self, host: HostIndex, cell: u32) -> (u64, u64) {
        self.held.get(&(host, cell)).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, host: HostIndex, claim: &HardwareClaim) {
        self.change(host, claim, u64::saturating_add);
    }

    pub(super) fn subtract(&mut self, host: HostIndex, claim: &HardwareClaim) {
        self.change(host, claim, u64::saturating_sub);
    }

    fn change(&mut self, host: HostIndex, claim: &HardwareClaim, change: fn(u64, u64) -> u64) {
        for cell in claim.numa.iter().flat_map(|placement| placement.cells()) {
            let cpus = cell.cpuset().len() + cell.pcpuset().len();
            let cpus = u64::try_from(cpus).unwrap_or(u64::MAX);
            let held = self.held.entry((host, cell.id())).or_default();
            *held = (change(held.0, cpus), change(held.1, cell.memory()));
        }
    }
}
