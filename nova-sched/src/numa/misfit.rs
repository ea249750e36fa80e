//! Why a server does not fit on a host's cells.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::PageSize;
use crate::pci::PciMisfit;
use crate::text::Brief;

/// Why one cell of a server does not fit on one cell of the host.
///
/// They are in the order of Nova's checks: a later one got further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum CellMisfit {
    /// It has no pages of the size, or they do not add up to the memory exactly.
    PageSize {
        /// The size that was asked for.
        wanted: PageSize,
        /// The memory that was asked for, in KiB.
        wanted_kib: u64,
    },
    /// Too little memory is left in pages of the size.
    Pages {
        /// The size that was asked for.
        wanted: PageSize,
        /// The memory that was asked for, in KiB.
        wanted_kib: u64,
        /// The most that one of the sizes has left, in KiB.
        free_kib: u64,
    },
    /// Too little memory is there, or left for a server that has CPUs of its own.
    Memory {
        /// The memory that was asked for, in MiB.
        wanted: u64,
        /// The memory that could be had, in MiB.
        free: u64,
    },
    /// It has fewer CPUs for pinned servers than are asked for.
    DedicatedCpus {
        /// How many were asked for, with that of the emulator threads.
        wanted: usize,
        /// How many there are.
        total: usize,
    },
    /// It has fewer CPUs for servers that share them than one server asks for.
    SharedCpus {
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        total: usize,
    },
    /// Fewer CPUs for pinned servers are left than are asked for.
    FreeDedicatedCpus {
        /// How many were asked for, with that of the emulator threads.
        wanted: usize,
        /// How many are left.
        free: usize,
    },
    /// Its cores have one thread each, and siblings are required.
    NoThreads,
    /// Its cores have several threads, which a server that wants whole cores cannot take on a
    /// host that dedicates some of its CPUs and shares the others.
    Threads {
        /// How many threads a core has.
        threads_per_core: usize,
    },
    /// Enough CPUs are left, but not in the way that the policy of threads asks for.
    Cores {
        /// How many CPUs were asked for.
        wanted: usize,
        /// How many the policy could use.
        usable: usize,
    },
    /// A CPU for the emulator threads is not left.
    EmulatorThreads,
    /// Shared CPUs are lent out as often as they may be.
    CpuLimit {
        /// How many would be in use.
        usage: u64,
        /// How many may be.
        limit: u64,
    },
    /// Memory is lent out as often as it may be.
    MemoryLimit {
        /// How much would be in use, in MiB.
        usage: u64,
        /// How much may be.
        limit: u64,
    },
}

impl fmt::Display for CellMisfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PageSize { wanted, wanted_kib } => {
                write!(f, "no pages of {wanted} make up {wanted_kib} KiB")
            }
            Self::Pages {
                wanted,
                wanted_kib,
                free_kib,
            } => write!(
                f,
                "pages of {wanted}: wanted {wanted_kib} KiB, free {free_kib} KiB"
            ),
            Self::Memory { wanted, free } => {
                write!(f, "memory: wanted {wanted} MiB, free {free} MiB")
            }
            Self::DedicatedCpus { wanted, total } => {
                write!(f, "dedicated CPUs: wanted {wanted}, has {total}")
            }
            Self::SharedCpus { wanted, total } => {
                write!(f, "shared CPUs: wanted {wanted}, has {total}")
            }
            Self::FreeDedicatedCpus { wanted, free } => {
                write!(f, "dedicated CPUs: wanted {wanted}, free {free}")
            }
            Self::NoThreads => f.write_str("its cores have no sibling threads"),
            Self::Threads { threads_per_core } => write!(
                f,
                "its cores have {threads_per_core} threads, and not all of them are dedicated"
            ),
            Self::Cores { wanted, usable } => write!(
                f,
                "dedicated CPUs: wanted {wanted}, the thread policy can use {usable}"
            ),
            Self::EmulatorThreads => f.write_str("no CPU is left for emulator threads"),
            Self::CpuLimit { usage, limit } => {
                write!(
                    f,
                    "shared CPUs: {usage} would be in use, at most {limit} may"
                )
            }
            Self::MemoryLimit { usage, limit } => {
                write!(
                    f,
                    "memory: {usage} MiB would be in use, at most {limit} MiB may"
                )
            }
        }
    }
}

/// Why a server does not fit on a host's cells.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum Misfit {
    /// The host tells nothing of its cells.
    NoTopology,
    /// Sibling threads are required, and none of the host's cores has any.
    NoThreads,
    /// Placement has no allocation candidate of the host.
    NoCandidate,
    /// The host has fewer cells than are asked for.
    TooFewCells {
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        actual: usize,
    },
    /// One cell of the server fits on no cell of the host.
    Cell {
        /// The number of the server's cell.
        cell: u32,
        /// The number of the host's cell that came nearest.
        host_cell: u32,
        /// Why it does not do.
        misfit: CellMisfit,
    },
    /// Each cell of the server fits on a cell of the host, but not all on different ones.
    NotTogether {
        /// How many were asked for.
        wanted: usize,
        /// How many fit at the same time.
        fitting: usize,
    },
    /// The cells fit, but the PCI devices near to them do not do.
    Pci {
        /// Why not, for the first choice of cells.
        misfit: PciMisfit,
    },
    /// The cells fit, but none of those that do is near to a physical network.
    PhysicalNetwork {
        /// The network.
        physnet: String,
    },
    /// The cells fit, but none of those that do is near to tunnelled networks.
    TunneledNetworks,
    /// So many choices of cells were tried that the search was given up.
    TooManyChoices {
        /// How many were tried.
        tried: u32,
    },
}

impl From<PciMisfit> for Misfit {
    fn from(misfit: PciMisfit) -> Self {
        Self::Pci { misfit }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTopology => f.write_str("the host tells nothing of its NUMA cells"),
            Self::NoThreads => f.write_str("its cores have no sibling threads"),
            Self::NoCandidate => f.write_str("Placement offers nothing of the host"),
            Self::TooFewCells { wanted, actual } => {
                write!(f, "NUMA cells: wanted {wanted}, has {actual}")
            }
            Self::Cell {
                cell,
                host_cell,
                misfit,
            } => write!(f, "NUMA cell {cell} on the host's {host_cell}: {misfit}"),
            Self::NotTogether { wanted, fitting } => write!(
                f,
                "NUMA cells: wanted {wanted}, only {fitting} fit at the same time"
            ),
            Self::Pci { misfit } => write!(f, "near the NUMA cells: {misfit}"),
            Self::PhysicalNetwork { physnet } => {
                let physnet = Brief::value(physnet);
                write!(
                    f,
                    "no NUMA cell that fits is near the physical network {physnet}"
                )
            }
            Self::TunneledNetworks => {
                f.write_str("no NUMA cell that fits is near tunnelled networks")
            }
            Self::TooManyChoices { tried } => {
                write!(
                    f,
                    "NUMA cells: none of {tried} choices does, and no more were tried"
                )
            }
        }
    }
}

impl std::error::Error for Misfit {}
