//! The traits of the database, and the [`Store`] that bundles them.
//!
//! One trait for each aggregate. Domain types go in and come out; what a store is made of stays
//! behind it. Every write of something that two writers may want to change is compare-and-set:
//! it names the [`Generation`](crate::model::Generation) that the writer read, and is refused as
//! [`Error::Stale`](crate::Error::Stale) if the store holds another. Lists are filtered and paged
//! in the store.
//!
//! Stores: [`memory`] always; `sql` with the feature of a database. `conformance` is the suite
//! that all of them pass.
//!
//! ```
//! use nova_core::repository::{Store, memory::MemoryStore};
//! use nova_core::model::Flavor;
//! use nova_core::units::{Gibibytes, Mebibytes};
//!
//! # async fn example() -> nova_core::Result<()> {
//! let store = Store::new(MemoryStore::new());
//! let tiny = Flavor::builder("m1.tiny".parse()?, 1, Mebibytes::new(512), Gibibytes::new(1)).build()?;
//! store.flavors().flavor_create(&tiny).await?;
//! assert_eq!(store.flavors().flavor_get(tiny.id()).await?, tiny);
//! # Ok(())
//! # }
//! ```

mod actions;
mod aggregates;
mod allocations;
mod archive;
mod block_devices;
mod cells;
mod clash;
mod console_tokens;
mod faults;
mod flavors;
mod hosts;
mod key_pairs;
pub mod memory;
mod migrations;
mod operations;
mod page;
mod ports;
mod quotas;
mod server_batch;
mod server_filter;
mod server_groups;
mod server_sort;
mod servers;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub mod sql;
mod store;

pub use actions::ActionRepository;
pub use aggregates::{AggregateFilter, AggregateRepository};
pub use allocations::{AllocationRepository, MAX_CLAIMED};
pub use archive::ArchiveRepository;
pub use block_devices::{BlockDeviceRepository, MAX_BLOCK_DEVICES};
pub use cells::CellRepository;
pub use console_tokens::ConsoleTokenRepository;
pub use faults::{FaultRepository, MAX_FAULTS};
pub use flavors::{FlavorFilter, FlavorRepository};
pub use hosts::{HostFilter, HostRepository};
pub use key_pairs::KeyPairRepository;
pub use migrations::{MigrationFilter, MigrationRepository};
pub use operations::{MAX_ACQUIRED, OperationFilter, OperationRepository};
pub use page::{MAX_PAGE, Page, PageRequest};
pub use ports::{MAX_PORTS, PortRepository};
pub use quotas::QuotaRepository;
pub use server_batch::ServerBatch;
pub use server_filter::{Deleted, ServerFilter};
pub use server_groups::ServerGroupRepository;
pub use server_sort::{ServerSort, ServerSortKey, SortDirection};
pub use servers::ServerRepository;
pub use store::{Store, StoreBackend};
