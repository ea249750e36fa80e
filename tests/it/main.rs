//! The integration tests of the kit, in one binary.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is test code: a panic is how it reports"
)]

mod access;
mod architecture;
mod bad_input;
mod determinism;
mod failures;
mod lifecycle;
mod recovery;
mod schedulers;
mod support;
mod sync;
