//! The integration tests, as one binary.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test reports by panicking"
)]

mod explaining;
mod filtering;
mod fixtures;
mod fleets;
mod golden;
mod laws;
mod planning;
mod properties;
mod sequences;
mod shared;
mod shortcuts;
