//! The scheduler role: plans where servers go. It reads the store and never claims.

mod promises;
mod role;

pub use role::{SchedulerBuilder, SchedulerConfig, SchedulerRole};
