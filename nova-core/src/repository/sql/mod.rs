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
//! * a transaction that the database undid because of another (deadlock, serialization, lock
//!   time-out, busy) is run again a few times, after a pause of random length that grows, before
//!   its failure is returned as transient; so is a statement that only reads;
//! * a statement ends: the server ends it after [`SqlOptions::statement_timeout`], and the store
//!   gives up on a server that is silent. After a lost connection calls fail as transient until the
//!   server is back; then they succeed again, on new connections. A write whose answer was lost
//!   may have taken effect and is never run again by itself;
//! * a statement that was sent runs to its end though the caller drop the call; a transaction is
//!   then undone, unless it was being committed. Whoever cuts a call off, as by a time-out of its
//!   own, must read what became of it.
//!
//! [`SqlStore::counters`] counts all of this.
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
mod aggregate_list;
mod aggregate_zones;
mod aggregates;
mod allocations;
mod archive;
mod archived_children;
mod block_devices;
mod cells;
mod charge;
mod chunks;
mod claim;
mod claim_move;
mod connect;
mod connections;
mod console_tokens;
mod counters;
mod entity;
mod fate;
mod faults;
mod flavors;
mod host_list;
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
mod plan;
mod ports;
mod quotas;
mod recorder;
mod retry;
mod server_condition;
mod server_create;
mod server_groups;
mod server_list;
mod server_lock;
mod server_migrations;
mod server_removal;
mod server_tags;
mod servers;
mod store;
mod transaction;
mod used;
mod watch;

pub use counters::SqlCounters;
pub use options::SqlOptions;
pub use store::SqlStore;
