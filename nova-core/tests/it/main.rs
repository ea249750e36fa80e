//! The integration tests of the core, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy.toml exempts what carries #[test], not the helpers beside it"
)]

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[path = "../support/fresh.rs"]
mod fresh;
mod state;
mod state_docs;
mod stores;
