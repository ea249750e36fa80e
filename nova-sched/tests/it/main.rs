//! The integration tests, as one binary.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test reports by panicking"
)]

mod decisions;
mod diffs;
mod explaining;
mod failing;
mod filtering;
mod fixtures;
mod fleets;
mod golden;
mod hardware;
mod numa;
mod planning;
mod preempting;
mod properties;
mod rebalancing;
mod replaying;
mod shortcuts;
mod suggesting;
mod traces;
mod what_if;
