//! Enough disk.

use nova_core::model::ResourceClass;

use super::capacity::capacity_filter;

capacity_filter!(
    /// Enough disk.
    DiskFilter,
    ResourceClass::DiskGb
);
