//! The invariants of `ARCHITECTURE.md`, each held by a test.

mod crate_graph;
mod public_types;
mod sources;
