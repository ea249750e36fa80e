//! The store in memory: always there, for tests, simulations and planes that need not outlive
//! their process.
//!
//! Every call takes one lock for a moment, so each is atomic and all are in one order. Nothing
//! needs a runtime, and nothing is written anywhere.
//!
//! ```
//! use nova_core::repository::{Store, memory::MemoryStore};
//!
//! let store = Store::new(MemoryStore::new());
//! assert_eq!(store.name(), "memory");
//! ```

mod actions;
mod aggregates;
mod allocations;
mod archive;
mod block_devices;
mod cells;
mod console_tokens;
mod faults;
mod flavors;
mod hosts;
mod key_pairs;
mod migrations;
mod operations;
mod page;
mod ports;
mod quotas;
mod server_groups;
mod server_table;
mod servers;
mod store;

pub use store::MemoryStore;
