//! The conductor role: owns long operations and guards the database.
//!
//! Work on one server is done one piece after another, on different servers side by side. Every
//! write is compare-and-set, so that a delete that comes while a server is built is seen at the
//! next step, and the build unwinds.

mod build;
mod computes;
mod config;
mod delete;
mod faults;
mod operate;
mod recover;
mod report;
mod role;
mod turns;

pub use config::ConductorConfig;
pub use role::{Conductor, ConductorBuilder};
