//! Enough virtual processors.

use nova_core::model::ResourceClass;

use super::capacity::capacity_filter;

capacity_filter!(
    /// Enough virtual processors.
    CoreFilter,
    ResourceClass::Vcpu
);
