//! The integration tests, as one binary.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test reports by panicking"
)]

mod configuring;
mod decisions;
mod diffs;
mod explaining;
mod failing;
mod filtering;
mod fixtures;
mod fleets;
mod golden_files;
mod hardware;
mod hostile;
mod laws;
mod moving;
mod numa;
mod placement_filters;
mod planning;
mod preempting;
mod properties;
mod rebalancing;
mod replaying;
mod sequences;
mod shared;
mod shortcuts;
mod suggesting;
mod sweeps;
mod traces;
mod what_if;
