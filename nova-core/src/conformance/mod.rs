//! The suite that every store passes, exported for those who write their own.
//!
//! A case is a public function that panics with an explanation where the store breaks the
//! contract of [`repository`](crate::repository). [`all`] lists the cases and [`run`] runs them.
//! Every case makes ids and names of its own, so cases may share a store that holds other things;
//! but two runs must not share one at the same time, nor may ids repeat: give the cases
//! [`Env::system`](crate::Env::system) where the store outlives the run.
//!
//! One more needs to open the store itself and is called apart:
//! [`restarts::a_store_that_is_closed_under_writes_is_whole`].
//!
//! The cases start tasks and so need a tokio runtime; one with several threads finds more races.
//!
//! ```
//! use nova_core::Env;
//! use nova_core::repository::{Store, memory::MemoryStore};
//!
//! # #[tokio::main]
//! # async fn main() {
//! let store = Store::new(MemoryStore::new()); // Put your own here.
//! let cases = nova_core::conformance::run(&store, &Env::system()).await;
//! println!("{}: {cases} cases passed", store.name());
//! assert!(cases >= 40);
//! # }
//! ```
//!
//! To have each case reported on its own, go through [`all`]:
//!
//! ```
//! # use nova_core::{Env, repository::{Store, memory::MemoryStore}};
//! # #[tokio::main]
//! # async fn main() {
//! # let (store, env) = (Store::new(MemoryStore::new()), Env::system());
//! for case in nova_core::conformance::all() {
//!     println!("{}", case.name());
//!     case.run(&store, &env).await;
//! }
//! # }
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a case is a test: it reports by panicking"
)]

pub mod action_events;
pub mod actions;
pub mod aggregate_zones;
pub mod aggregates;
pub mod archive;
pub mod archive_children;
pub mod block_device_writes;
pub mod block_devices;
mod cases;
pub mod cells;
pub mod claim_moves;
pub mod claim_races;
pub mod claims;
pub mod console_tokens;
pub mod faults;
mod fixture;
pub mod flavor_access;
pub mod flavors;
pub mod host_lists;
pub mod hosts;
pub mod inventories;
pub mod key_pairs;
pub mod migration_lists;
pub mod migrations;
pub mod operation_leases;
pub mod operation_lists;
pub mod operations;
pub mod ports;
pub mod quotas;
pub mod restarts;
pub mod server_batches;
pub mod server_filters;
pub mod server_groups;
pub mod server_lists;
pub mod server_purges;
pub mod server_sorts;
pub mod servers;

pub use cases::{Case, all, run};
