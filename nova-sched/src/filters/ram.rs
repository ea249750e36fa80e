//! Enough memory.

use nova_core::model::ResourceClass;

use super::capacity::capacity_filter;

capacity_filter!(
    /// Enough memory.
    RamFilter,
    ResourceClass::MemoryMb
);
