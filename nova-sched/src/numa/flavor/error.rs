//! Flavors and images that ask for what cannot be.

use super::super::{CpuSet, NumaError};

/// Why no request can be made of a flavor's extra specs and an image's properties.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumaFlavorError {
    /// A value is not of its kind.
    #[error("{key}: `{value}` {problem}")]
    Malformed {
        /// The key of the extra spec, or the name of the property.
        key: String,
        /// Its value.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// The image says something that the flavor decides, or says otherwise.
    #[error("the image's {property} is not allowed besides what the flavor has")]
    ImageForbidden {
        /// The property of the image.
        property: &'static str,
    },

    /// Two extra specs exclude each other, or two that the image's properties stand for.
    #[error("{key} cannot be had together with {other}")]
    Exclusive {
        /// One of them.
        key: &'static str,
        /// The other one.
        other: &'static str,
    },

    /// One extra spec makes sense only with another one.
    #[error("{key} needs {needs}")]
    Needs {
        /// The key.
        key: &'static str,
        /// What is missing.
        needs: &'static str,
    },

    /// The number of processors in `resources:PCPU` is another than the flavor's.
    #[error("resources:PCPU is {requested}, and has to be {expected}")]
    PcpuCount {
        /// What it is.
        requested: u64,
        /// What it has to be.
        expected: u64,
    },

    /// The flavor has more processors than any host.
    #[error("{vcpus} processors are more than any host has")]
    TooManyCpus {
        /// How many there are.
        vcpus: u32,
    },

    /// Processors and memory cannot be dealt out to the cells evenly, and nothing says how else.
    #[error("{vcpus} processors and {memory} MiB cannot be dealt out to {nodes} cells evenly")]
    Asymmetric {
        /// How many cells there are.
        nodes: u64,
        /// How many processors.
        vcpus: u32,
        /// How much memory, in MiB.
        memory: u64,
    },

    /// Not every cell has both its processors and its memory.
    #[error(
        "{nodes} cells have {cpu_lists} lists of processors and {memory_sizes} sizes of memory: \
         either all have both, or none has any"
    )]
    Incomplete {
        /// How many cells there are.
        nodes: u64,
        /// How many of them have processors.
        cpu_lists: usize,
        /// How many of them have memory.
        memory_sizes: usize,
    },

    /// A cell has a processor that the flavor has not.
    #[error("there is no processor {cpu} of {vcpus}")]
    CpuOutOfRange {
        /// The processor.
        cpu: u16,
        /// How many there are.
        vcpus: u32,
    },

    /// A processor is in two cells.
    #[error("processor {cpu} is in two cells")]
    CpuTwice {
        /// The processor.
        cpu: u16,
    },

    /// Some processors are in no cell.
    #[error("the processors {cpus} are in no cell")]
    CpusUnassigned {
        /// The processors.
        cpus: CpuSet,
    },

    /// The memory of the cells is not that of the flavor.
    #[error("the cells have {sum} MiB, and the flavor {memory} MiB")]
    MemorySum {
        /// What the cells have, in MiB.
        sum: u64,
        /// What the flavor has, in MiB.
        memory: u64,
    },

    /// The cells make no request.
    #[error(transparent)]
    Cells(#[from] NumaError),
}
