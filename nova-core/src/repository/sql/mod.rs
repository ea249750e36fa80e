//! The SQL store: one implementation over sea-orm for SQLite (feature `sqlite`), PostgreSQL
//! (`postgres`) and MySQL or MariaDB (`mysql`).
//!
//! [`SqlStore::connect`] opens a database by its URL and brings its schema up to date; a schema
//! from a newer version is refused. Any number of processes may do so at once and use the same
//! database. The tables are named `nova_…`, so that an embedder's own may be beside them.
//!
//! What the store relies on:
//! * an update names the generation in its condition, so compare-and-set is one statement;
//! * a claim counts up `used` in the rows of the inventories, under the condition that it stays
//!   within `capacity`, in a transaction that takes those rows in one order everywhere;
//! * a transaction that the database undid because of another (deadlock, serialization, busy) is
//!   run again a few times before its failure is returned as transient.
//!
//! SQLite runs in WAL mode with `synchronous=FULL`: what was answered survives a power cut, at
//! the price of one `fsync` for each write. Writers of one process queue up in it; those of
//! several wait for each other up to [`SqlOptions::busy_timeout`].
//!
//! Time-outs are measured in tokio's time: do not use this store in a runtime whose time is
//! paused, where they pass while the database works.
//!
#![cfg_attr(feature = "sqlite", doc = "```")]
#![cfg_attr(not(feature = "sqlite"), doc = "```no_run")]
//! use nova_core::repository::{Store, sql::SqlStore};
//!
//! # #[tokio::main]
//! # async fn main() -> nova_core::Result<()> {
//! let sql = SqlStore::connect("sqlite::memory:").await?;
//! let store = Store::new(sql.clone());
//! assert_eq!(store.name(), "sqlite");
//! assert!(store.hosts().host_usages().await?.is_empty());
//! sql.close().await;
//! # Ok(())
//! # }
//! ```

mod action_events;
mod actions;
mod aggregates;
mod allocations;
mod archive;
mod block_devices;
mod cells;
mod claim;
mod connect;
mod console_tokens;
mod entity;
mod faults;
mod flavors;
mod hosts;
mod inventories;
mod key_pairs;
mod migrate;
mod migration_list;
mod migrations;
mod op;
mod operation_leases;
mod operations;
mod options;
mod ports;
mod quotas;
mod server_groups;
mod server_list;
mod server_migrations;
mod servers;
mod store;
mod transaction;

pub use options::SqlOptions;
pub use store::SqlStore;
