//! The crate from outside: one binary for all integration tests.
#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, not helpers"
)]

#[cfg(feature = "amqp")]
mod amqp;
mod client;
mod deduplicated;
mod fixture;
mod memory;
mod router;
