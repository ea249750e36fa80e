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

mod allocations;
mod faults;
mod flavors;
mod hosts;
mod page;
mod servers;
mod store;

pub use store::MemoryStore;
