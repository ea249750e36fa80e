//! A NUMA cell of a host.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{CpuSet, NumaError};

/// The networks that a cell is near to, or those that a server is to be connected to (Nova's
/// `NetworkMetadata`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NetworkMetadata {
    /// Physical networks by name.
    #[serde(default)]
    pub physnets: BTreeSet<String>,
    /// Whether tunnelled networks are among them.
    #[serde(default)]
    pub tunneled: bool,
}

impl NetworkMetadata {
    /// These physical networks, and tunnelled ones or not.
    pub fn new<S: Into<String>>(physnets: impl IntoIterator<Item = S>, tunneled: bool) -> Self {
        Self {
            physnets: physnets.into_iter().map(Into::into).collect(),
            tunneled,
        }
    }
}

/// A cell's memory in pages of one size (Nova's `NUMAPagesTopology`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MemoryPages {
    /// The size of a page in KiB.
    pub size_kb: u64,
    /// How many pages there are.
    pub total: u64,
    /// How many of them servers hold.
    #[serde(default)]
    pub used: u64,
    /// How many of them are kept from servers.
    #[serde(default)]
    pub reserved: u64,
}

impl MemoryPages {
    /// So many free pages of a size in KiB.
    pub fn new(size_kb: u64, total: u64) -> Self {
        Self {
            size_kb,
            total,
            used: 0,
            reserved: 0,
        }
    }

    /// The same with so many kept from servers.
    #[must_use]
    pub fn with_reserved(mut self, pages: u64) -> Self {
        self.reserved = pages;
        self
    }

    /// The same with so many in use.
    #[must_use]
    pub fn with_used(mut self, pages: u64) -> Self {
        self.used = pages;
        self
    }

    /// How much of it is free, in KiB. It is zero if more is held and reserved than there is.
    pub fn free_kib(&self) -> u64 {
        self.total
            .saturating_sub(self.used)
            .saturating_sub(self.reserved)
            .saturating_mul(self.size_kb)
    }

    /// How much there is of it, in KiB.
    pub fn total_kib(&self) -> u64 {
        self.total.saturating_mul(self.size_kb)
    }
}

/// What does not change about a cell while servers come and go, shared between snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Shape {
    cpuset: CpuSet,
    pcpuset: CpuSet,
    siblings: Vec<CpuSet>,
    socket: Option<u32>,
    network_metadata: Option<NetworkMetadata>,
}

/// A NUMA cell of a host: CPUs and the memory near to them, and what of both servers hold (Nova's
/// `NUMACell`).
///
/// ```
/// use nova_sched::numa::{CpuSet, MemoryPages, NumaCell};
///
/// // Four cores of two threads each, all of them for pinned servers, and 16 GiB.
/// let cell = NumaCell::new(0, 16_384)
///     .with_pcpuset(CpuSet::below(8))
///     .with_siblings((0..4).map(|core| [2 * core, 2 * core + 1].into_iter().collect()))
///     .with_mempages([MemoryPages::new(4, 4_194_304)]);
/// assert_eq!(cell.free_pcpus().len(), 8);
/// assert_eq!(cell.threads_per_core(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "CellData", into = "CellData")]
pub struct NumaCell {
    id: u32,
    memory: u64,
    pub(super) cpu_usage: u64,
    pub(super) memory_usage: u64,
    pub(super) pinned_cpus: CpuSet,
    pub(super) mempages: Vec<MemoryPages>,
    shape: Arc<Shape>,
}

impl NumaCell {
    /// A cell of so much memory in MiB, without CPUs.
    pub fn new(id: u32, memory: u64) -> Self {
        Self {
            id,
            memory,
            cpu_usage: 0,
            memory_usage: 0,
            pinned_cpus: CpuSet::new(),
            mempages: Vec::new(),
            shape: Arc::new(Shape {
                cpuset: CpuSet::new(),
                pcpuset: CpuSet::new(),
                siblings: Vec::new(),
                socket: None,
                network_metadata: None,
            }),
        }
    }

    /// The same with these CPUs for servers that share them.
    #[must_use]
    pub fn with_cpuset(mut self, cpus: CpuSet) -> Self {
        Arc::make_mut(&mut self.shape).cpuset = cpus;
        self
    }

    /// The same with these CPUs for servers that are pinned.
    #[must_use]
    pub fn with_pcpuset(mut self, cpus: CpuSet) -> Self {
        Arc::make_mut(&mut self.shape).pcpuset = cpus;
        self
    }

    /// The same with these cores: the threads of each are one set. A core of one thread is a set,
    /// too.
    #[must_use]
    pub fn with_siblings(mut self, cores: impl IntoIterator<Item = CpuSet>) -> Self {
        Arc::make_mut(&mut self.shape).siblings = cores.into_iter().collect();
        self
    }

    /// The same with memory in pages of these sizes.
    #[must_use]
    pub fn with_mempages(mut self, pages: impl IntoIterator<Item = MemoryPages>) -> Self {
        self.mempages = pages.into_iter().collect();
        self
    }

    /// The same in a socket.
    #[must_use]
    pub fn with_socket(mut self, socket: u32) -> Self {
        Arc::make_mut(&mut self.shape).socket = Some(socket);
        self
    }

    /// The same near to networks.
    #[must_use]
    pub fn with_network_metadata(mut self, networks: NetworkMetadata) -> Self {
        Arc::make_mut(&mut self.shape).network_metadata = Some(networks);
        self
    }

    /// The same, of which servers hold so many shared CPUs and so much memory in MiB.
    #[must_use]
    pub fn with_usage(mut self, cpus: u64, memory: u64) -> Self {
        self.cpu_usage = cpus;
        self.memory_usage = memory;
        self
    }

    /// The same, of which servers hold these CPUs alone.
    #[must_use]
    pub fn with_pinned_cpus(mut self, cpus: CpuSet) -> Self {
        self.pinned_cpus = cpus;
        self
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its memory in MiB.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// How much of its memory servers hold, in MiB.
    pub fn memory_usage(&self) -> u64 {
        self.memory_usage
    }

    /// How many CPUs servers that share them hold.
    pub fn cpu_usage(&self) -> u64 {
        self.cpu_usage
    }

    /// The CPUs for servers that share them.
    pub fn cpuset(&self) -> &CpuSet {
        &self.shape.cpuset
    }

    /// The CPUs for servers that are pinned.
    pub fn pcpuset(&self) -> &CpuSet {
        &self.shape.pcpuset
    }

    /// The CPUs that servers are pinned to.
    pub fn pinned_cpus(&self) -> &CpuSet {
        &self.pinned_cpus
    }

    /// Its cores, each the set of its threads.
    pub fn siblings(&self) -> &[CpuSet] {
        &self.shape.siblings
    }

    /// Its memory by size of page.
    pub fn mempages(&self) -> &[MemoryPages] {
        &self.mempages
    }

    /// The socket that it is in.
    pub fn socket(&self) -> Option<u32> {
        self.shape.socket
    }

    /// The networks that it is near to.
    pub fn network_metadata(&self) -> Option<&NetworkMetadata> {
        self.shape.network_metadata.as_ref()
    }

    /// The CPUs for pinned servers that none is pinned to.
    pub fn free_pcpus(&self) -> CpuSet {
        self.pcpuset().difference(&self.pinned_cpus)
    }

    /// How much memory is left, in MiB; less than nothing where it is lent out more than once.
    pub fn free_memory(&self) -> i64 {
        signed(self.memory).saturating_sub(signed(self.memory_usage))
    }

    /// How many threads its largest core has; one if no cores are known.
    pub fn threads_per_core(&self) -> usize {
        self.siblings()
            .iter()
            .map(CpuSet::len)
            .max()
            .unwrap_or(0)
            .max(1)
    }

    /// Whether any core has several threads.
    pub fn has_threads(&self) -> bool {
        self.threads_per_core() > 1
    }

    /// The smallest size of a page, in KiB.
    pub fn smallest_page(&self) -> Option<u64> {
        self.mempages.iter().map(|pages| pages.size_kb).min()
    }

    /// Whether nothing about both differs but what servers hold.
    pub(super) fn has_shape_of(&self, other: &Self) -> bool {
        self.id == other.id
            && self.memory == other.memory
            && (Arc::ptr_eq(&self.shape, &other.shape) || self.shape == other.shape)
    }

    /// Takes the other's copy of what does not change.
    pub(super) fn share_shape(&mut self, other: &Self) {
        self.shape = Arc::clone(&other.shape);
    }

    /// Checks what a caller may have got wrong.
    pub(super) fn check(&self) -> Result<(), NumaError> {
        /// More than any machine has: an exbibyte in MiB.
        const MOST: u64 = 1 << 40;

        let size = |what, size| NumaError::Size {
            cell: self.id,
            what,
            size,
        };
        if self.memory > MOST {
            return Err(size("memory in MiB", self.memory));
        }
        for (place, pages) in self.mempages.iter().enumerate() {
            if pages.size_kb == 0 || pages.size_kb > MOST {
                return Err(size("pages in KiB", pages.size_kb));
            }
            let before = self.mempages.iter().take(place);
            if before
                .into_iter()
                .any(|other| other.size_kb == pages.size_kb)
            {
                return Err(NumaError::DuplicatePages {
                    cell: self.id,
                    size_kb: pages.size_kb,
                });
            }
        }
        let mut seen = CpuSet::new();
        for core in self.siblings() {
            if let Some(cpu) = core.intersection(&seen).iter().next() {
                return Err(NumaError::SharedSibling { cell: self.id, cpu });
            }
            seen = seen.union(core);
        }
        Ok(())
    }
}

/// Sizes are checked to be far below the range.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A cell as it is serialised: with the names and in the shape of Nova's `NUMACell`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CellData {
    id: u32,
    #[serde(default)]
    cpuset: CpuSet,
    #[serde(default)]
    pcpuset: CpuSet,
    memory: u64,
    #[serde(default)]
    cpu_usage: u64,
    #[serde(default)]
    memory_usage: u64,
    #[serde(default)]
    pinned_cpus: CpuSet,
    #[serde(default)]
    siblings: Vec<CpuSet>,
    #[serde(default)]
    mempages: Vec<MemoryPages>,
    #[serde(default)]
    socket: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network_metadata: Option<NetworkMetadata>,
}

impl From<CellData> for NumaCell {
    fn from(data: CellData) -> Self {
        Self {
            id: data.id,
            memory: data.memory,
            cpu_usage: data.cpu_usage,
            memory_usage: data.memory_usage,
            pinned_cpus: data.pinned_cpus,
            mempages: data.mempages,
            shape: Arc::new(Shape {
                cpuset: data.cpuset,
                pcpuset: data.pcpuset,
                siblings: data.siblings,
                socket: data.socket,
                network_metadata: data.network_metadata,
            }),
        }
    }
}

impl From<NumaCell> for CellData {
    fn from(cell: NumaCell) -> Self {
        let shape = Arc::unwrap_or_clone(cell.shape);
        Self {
            id: cell.id,
            cpuset: shape.cpuset,
            pcpuset: shape.pcpuset,
            memory: cell.memory,
            cpu_usage: cell.cpu_usage,
            memory_usage: cell.memory_usage,
            pinned_cpus: cell.pinned_cpus,
            siblings: shape.siblings,
            mempages: cell.mempages,
            socket: shape.socket,
            network_metadata: shape.network_metadata,
        }
    }
}
