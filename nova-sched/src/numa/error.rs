//! Topologies and requests that cannot be.

use super::CpuSet;

/// Why a topology, a request for one, or a claim on one makes no sense.
///
/// A host that a sound request does not fit on is no error: that is a [`Misfit`](super::Misfit).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumaError {
    /// Text is no set of CPUs.
    #[error("`{text}` is neither the number of a CPU nor a range of them")]
    CpuSet {
        /// The part that cannot be read.
        text: String,
    },

    /// There are more cells than Nova allows anywhere, or none.
    #[error("{count} NUMA cells are not between 1 and {limit}")]
    CellCount {
        /// How many there are.
        count: usize,
        /// The most that there may be.
        limit: usize,
    },

    /// Two cells have the same number.
    #[error("there are two NUMA cells {id}")]
    DuplicateCell {
        /// The number.
        id: u32,
    },

    /// A size is zero, or larger than any machine's memory.
    #[error("NUMA cell {cell}: {size} is no size of its {what}")]
    Size {
        /// The cell.
        cell: u32,
        /// What has the size.
        what: &'static str,
        /// The size.
        size: u64,
    },

    /// A cell has pages of one size twice.
    #[error("NUMA cell {cell} has pages of {size_kb} KiB twice")]
    DuplicatePages {
        /// The cell.
        cell: u32,
        /// The size of a page.
        size_kb: u64,
    },

    /// A CPU is in two cores.
    #[error("NUMA cell {cell}: CPU {cpu} is a thread of two cores")]
    SharedSibling {
        /// The cell.
        cell: u32,
        /// The CPU.
        cpu: u16,
    },

    /// The cells of a request have different policies.
    #[error("the NUMA cells of a request do not all have the same CPU policy")]
    MixedPolicies,

    /// A claim or a release names a cell that the host has not.
    #[error("the host has no NUMA cell {cell}")]
    UnknownCell {
        /// The cell.
        cell: u32,
    },

    /// A claim or a release names CPUs that the host does not dedicate.
    #[error("NUMA cell {cell} does not dedicate the CPUs {cpus}")]
    UnknownCpus {
        /// The cell.
        cell: u32,
        /// The CPUs.
        cpus: CpuSet,
    },

    /// A claim names CPUs that are taken.
    #[error("NUMA cell {cell}: the CPUs {cpus} are taken already")]
    TakenCpus {
        /// The cell.
        cell: u32,
        /// The CPUs.
        cpus: CpuSet,
    },

    /// A release names CPUs that are free.
    #[error("NUMA cell {cell}: the CPUs {cpus} are not taken")]
    FreeCpus {
        /// The cell.
        cell: u32,
        /// The CPUs.
        cpus: CpuSet,
    },
}
