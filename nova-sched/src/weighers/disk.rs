//! Prefers hosts with more free disk.

use nova_core::model::ResourceClass;

use super::free::free_weigher;

free_weigher!(
    /// Prefers hosts with more free disk. Nova's `DiskWeigher`.
    ///
    /// Raw: (total − reserved − claimed GiB) × 1024, without the allocation ratio, at least 0.
    DiskWeigher,
    ResourceClass::DiskGb,
    option "disk_weight_multiplier",
    raw |free| (free.total - free.reserved - free.used) * 1024.0
);
