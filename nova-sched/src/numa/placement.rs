//! Where the cells of a server lie on a host.

use std::collections::BTreeMap;

use nova_core::model::{CpuPolicy, CpuThreadPolicy};
use serde::{Deserialize, Serialize};

use super::{CpuSet, EmulatorThreadsPolicy, RequestCell};

/// A cell of a server on a cell of the host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedCell {
    id: u32,
    cpuset: CpuSet,
    pcpuset: CpuSet,
    memory: u64,
    pagesize: Option<u64>,
    cpu_policy: Option<CpuPolicy>,
    cpu_thread_policy: Option<CpuThreadPolicy>,
    #[serde(default)]
    cpu_pinning: BTreeMap<u16, u16>,
    #[serde(default)]
    cpuset_reserved: CpuSet,
}

impl PlacedCell {
    pub(super) fn new(
        id: u32,
        request: &RequestCell,
        pagesize: Option<u64>,
        cpu_pinning: BTreeMap<u16, u16>,
        cpuset_reserved: CpuSet,
    ) -> Self {
        Self {
            id,
            cpuset: request.cpuset.clone(),
            pcpuset: request.pcpuset.clone(),
            memory: request.memory,
            pagesize,
            cpu_policy: request.cpu_policy,
            cpu_thread_policy: request.cpu_thread_policy,
            cpu_pinning,
            cpuset_reserved,
        }
    }

    /// The number of the host's cell.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The guest's CPUs that share those of the host's cell.
    pub fn cpuset(&self) -> &CpuSet {
        &self.cpuset
    }

    /// The guest's CPUs that have one of the host's each.
    pub fn pcpuset(&self) -> &CpuSet {
        &self.pcpuset
    }

    /// Its memory in MiB.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// The size of its pages in KiB, if the request says anything of it; else they are the
    /// smallest that the host's cell has.
    pub fn pagesize(&self) -> Option<u64> {
        self.pagesize
    }

    /// How the guest's CPUs share those of the host.
    pub fn cpu_policy(&self) -> Option<CpuPolicy> {
        self.cpu_policy
    }

    /// How dedicated CPUs lie on the host's threads.
    pub fn cpu_thread_policy(&self) -> Option<CpuThreadPolicy> {
        self.cpu_thread_policy
    }

    /// The host's CPU of each dedicated CPU of the guest.
    pub fn cpu_pinning(&self) -> &BTreeMap<u16, u16> {
        &self.cpu_pinning
    }

    /// The host's CPUs of the emulator threads.
    pub fn cpuset_reserved(&self) -> &CpuSet {
        &self.cpuset_reserved
    }

    /// The host's CPUs that are the server's alone.
    pub fn pinned_cpus(&self) -> CpuSet {
        let pinned: CpuSet = self.cpu_pinning.values().copied().collect();
        pinned.union(&self.cpuset_reserved)
    }
}

/// Where the cells of a server lie on a host: what Nova's `numa_fit_instance_to_host` returns.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumaPlacement {
    cells: Vec<PlacedCell>,
    emulator_threads_policy: Option<EmulatorThreadsPolicy>,
}

impl NumaPlacement {
    pub(super) fn new(
        cells: Vec<PlacedCell>,
        emulator_threads_policy: Option<EmulatorThreadsPolicy>,
    ) -> Self {
        Self {
            cells,
            emulator_threads_policy,
        }
    }

    /// The server's cells in order, each with the host's cell that it is on.
    pub fn cells(&self) -> &[PlacedCell] {
        &self.cells
    }

    /// Where emulator threads run.
    pub fn emulator_threads_policy(&self) -> Option<EmulatorThreadsPolicy> {
        self.emulator_threads_policy
    }

    /// The numbers of the host's cells.
    pub fn cell_ids(&self) -> Vec<u32> {
        self.cells.iter().map(PlacedCell::id).collect()
    }
}
