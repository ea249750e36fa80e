//! The integration tests of the core, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy.toml exempts what carries #[test], not the helpers beside it"
)]

mod state;
mod state_docs;
mod stores;
