//! Filters: which hosts will do at all. Names are those of Nova's classes.

mod availability_zone;
mod capacity;
mod compute;
mod compute_capabilities;
mod core;
mod disk;
mod filter;
mod per_kind;
mod ram;
mod resource;
mod retry;

pub use self::core::CoreFilter;
pub use availability_zone::AvailabilityZoneFilter;
pub use compute::ComputeFilter;
pub use compute_capabilities::{ComputeCapabilitiesFilter, OperatorError, matches_extra_spec};
pub use disk::DiskFilter;
pub use filter::{Filter, Stage};
pub(crate) use per_kind::PerKind;
pub use ram::RamFilter;
pub use resource::ResourceFilter;
pub use retry::RetryFilter;
