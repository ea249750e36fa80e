//! Prefers hosts with more free memory.

use nova_core::model::ResourceClass;

use super::free::free_weigher;

free_weigher!(
    /// Prefers hosts with more free memory. Nova's `RAMWeigher`.
    ///
    /// Raw: total − reserved − claimed MiB, without the allocation ratio, at least 0.
    RAMWeigher,
    ResourceClass::MemoryMb,
    option "ram_weight_multiplier",
    raw |free| free.total - free.reserved - free.used
);
