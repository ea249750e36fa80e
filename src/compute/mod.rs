//! The compute role: one for each hypervisor host.
//!
//! It holds a driver and a source of images, and never a store: what it finds it reports to a
//! conductor, so that a captured host can neither read nor write the database.

mod answers;
mod config;
mod failure;
mod guests;
mod reporter;
mod role;

pub(crate) use config::SUPPORTS_PAUSE;
pub use config::{ComputeConfig, Ratios, Reserved};
pub(crate) use failure::chain;
pub use failure::{ComputeFailure, FailureKind};
pub use role::{Compute, ComputeBuilder};
