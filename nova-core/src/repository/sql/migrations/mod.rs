//! The migrations: one file each, named by its number, never changed once it was released.
//!
//! They name tables and columns as text, since the entities may move on. A change of the schema
//! must let the version before go on working until all processes are updated. `m0006_quotas` does
//! not: it counts what the versions before it, none of which was released, do not count.

mod column;
#[cfg(test)]
mod first_rows;
#[cfg(all(test, any(feature = "postgres", feature = "mysql")))]
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy.toml exempts what carries #[test], not the helpers beside it"
)]
#[path = "../../../../tests/support/fresh.rs"]
mod fresh;
mod index;
mod m0001_initial;
mod m0002_tenancy;
mod m0003_history;
mod m0004_attachments;
mod m0005_servers;
mod m0006_quotas;
mod migrator;
#[cfg(test)]
mod tests;

pub(super) use migrator::Migrator;
