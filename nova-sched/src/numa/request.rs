//! The cells that a server asks for.

use nova_core::model::{CpuPolicy, CpuThreadPolicy};
use serde::{Deserialize, Serialize};

use super::{CpuSet, EmulatorThreadsPolicy, NumaError, NumaPlacement, PageSize};

/// A cell that a server asks for (Nova's `InstanceNUMACell`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestCell {
    /// Its number in the guest.
    pub id: u32,
    /// The guest's CPUs in it that share CPUs of the host.
    #[serde(default)]
    pub cpuset: CpuSet,
    /// The guest's CPUs in it that have a CPU of the host each.
    #[serde(default)]
    pub pcpuset: CpuSet,
    /// Its memory in MiB.
    pub memory: u64,
    /// The size of its pages; `None` for the smallest without more ado.
    #[serde(default)]
    pub pagesize: Option<PageSize>,
    /// How the guest's CPUs share those of the host; `None` is as `shared`.
    #[serde(default)]
    pub cpu_policy: Option<CpuPolicy>,
    /// How dedicated CPUs lie on the host's threads; `None` is as `prefer`.
    #[serde(default)]
    pub cpu_thread_policy: Option<CpuThreadPolicy>,
}

impl RequestCell {
    /// A cell of so much memory in MiB, without CPUs.
    pub fn new(id: u32, memory: u64) -> Self {
        Self {
            id,
            cpuset: CpuSet::new(),
            pcpuset: CpuSet::new(),
            memory,
            pagesize: None,
            cpu_policy: None,
            cpu_thread_policy: None,
        }
    }

    /// Whether it has CPUs of its own, or might have: `dedicated` or `mixed`.
    pub(super) fn is_pinned(&self) -> bool {
        matches!(
            self.cpu_policy,
            Some(CpuPolicy::Dedicated | CpuPolicy::Mixed)
        )
    }

    /// Whether it shares CPUs, or might: anything but `dedicated`.
    pub(super) fn is_shared(&self) -> bool {
        self.cpu_policy != Some(CpuPolicy::Dedicated)
    }
}

/// The cells that a server asks for (Nova's `InstanceNUMATopology`, as a request has it).
///
/// [`from_flavor`](Self::from_flavor) makes it of extra specs and image properties.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RequestData", into = "RequestData")]
pub struct NumaRequest {
    cells: Vec<RequestCell>,
    emulator_threads_policy: Option<EmulatorThreadsPolicy>,
}

impl NumaRequest {
    /// The most cells of a server: Nova's `NUMA_NODES_MAX` is 128, and no host has so many.
    pub const MAX_CELLS: usize = 128;

    /// A server of these cells, in order.
    ///
    /// # Errors
    /// [`NumaError`] if there is none, or more than [`MAX_CELLS`](Self::MAX_CELLS); if two have
    /// one number; if their CPU policies differ; or if one has memory beyond any machine's.
    pub fn new(
        cells: impl IntoIterator<Item = RequestCell>,
        emulator_threads_policy: Option<EmulatorThreadsPolicy>,
    ) -> Result<Self, NumaError> {
        let cells: Vec<_> = cells.into_iter().collect();
        if !(1..=Self::MAX_CELLS).contains(&cells.len()) {
            return Err(NumaError::CellCount {
                count: cells.len(),
                limit: Self::MAX_CELLS,
            });
        }
        for (place, cell) in cells.iter().enumerate() {
            let mut before = cells.iter().take(place);
            if before.any(|other| other.id == cell.id) {
                return Err(NumaError::DuplicateCell { id: cell.id });
            }
            if cell.memory > 1 << 40 {
                return Err(NumaError::Size {
                    cell: cell.id,
                    what: "memory in MiB",
                    size: cell.memory,
                });
            }
        }
        let policy = cells.first().and_then(|cell| cell.cpu_policy);
        if cells.iter().any(|cell| cell.cpu_policy != policy) {
            return Err(NumaError::MixedPolicies);
        }
        Ok(Self {
            cells,
            emulator_threads_policy,
        })
    }

    /// A server whose cells, each of CPUs and memory in MiB, share the host's CPUs.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn shared(cells: impl IntoIterator<Item = (CpuSet, u64)>) -> Result<Self, NumaError> {
        let cells = (0..).zip(cells).map(|(id, (cpus, memory))| RequestCell {
            cpuset: cpus,
            ..RequestCell::new(id, memory)
        });
        Self::new(cells, None)
    }

    /// A server whose cells, each of CPUs and memory in MiB, have CPUs of their own.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn dedicated(cells: impl IntoIterator<Item = (CpuSet, u64)>) -> Result<Self, NumaError> {
        let cells = (0..).zip(cells).map(|(id, (cpus, memory))| RequestCell {
            pcpuset: cpus,
            cpu_policy: Some(CpuPolicy::Dedicated),
            ..RequestCell::new(id, memory)
        });
        Self::new(cells, None)
    }

    /// The request that Nova makes of a placement: of several servers asked for together, the
    /// second one asks for what the first one got, sizes of pages included. It is part of the
    /// defect that [`LeakingSearch`](super::LeakingSearch) repeats.
    ///
    /// # Errors
    /// As [`new`](Self::new): the cells of a placement that was made by hand may be anything.
    pub fn repeating(placement: &NumaPlacement) -> Result<Self, NumaError> {
        let cells = placement.cells().iter().map(|cell| RequestCell {
            id: cell.id(),
            cpuset: cell.cpuset().clone(),
            pcpuset: cell.pcpuset().clone(),
            memory: cell.memory(),
            pagesize: cell.pagesize().map(PageSize::Kib),
            cpu_policy: cell.cpu_policy(),
            cpu_thread_policy: cell.cpu_thread_policy(),
        });
        Self::new(cells, placement.emulator_threads_policy())
    }

    /// The cells.
    pub fn cells(&self) -> &[RequestCell] {
        &self.cells
    }

    /// Where emulator threads run.
    pub fn emulator_threads_policy(&self) -> Option<EmulatorThreadsPolicy> {
        self.emulator_threads_policy
    }

    /// How many CPUs a cell of the host must have beyond those of the guest: the one of the
    /// emulator threads, next to the first cell.
    pub(super) fn reserved_cpus(&self, place: usize) -> usize {
        let isolated = self.emulator_threads_policy == Some(EmulatorThreadsPolicy::Isolate);
        usize::from(isolated && place == 0)
    }
}

/// A request as it is serialised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestData {
    cells: Vec<RequestCell>,
    #[serde(default)]
    emulator_threads_policy: Option<EmulatorThreadsPolicy>,
}

impl TryFrom<RequestData> for NumaRequest {
    type Error = NumaError;

    fn try_from(data: RequestData) -> Result<Self, NumaError> {
        Self::new(data.cells, data.emulator_threads_policy)
    }
}

impl From<NumaRequest> for RequestData {
    fn from(request: NumaRequest) -> Self {
        Self {
            cells: request.cells,
            emulator_threads_policy: request.emulator_threads_policy,
        }
    }
}
