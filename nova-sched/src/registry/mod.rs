//! Filters and weighers by name, for configuration files.

mod check;
mod options;
mod settings;
mod table;

pub use options::{
    Compatibility, ComputeOptions, Config, FilterSchedulerOptions, MetricsOptions, SchedulerOptions,
};
pub use table::Registry;
