//! The handle on a store.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    ActionRepository, AggregateRepository, AllocationRepository, ArchiveRepository,
    BlockDeviceRepository, CellRepository, ConsoleTokenRepository, FaultRepository,
    FlavorRepository, HostRepository, KeyPairRepository, MigrationRepository, OperationRepository,
    PortRepository, QuotaRepository, ServerGroupRepository, ServerRepository,
};

macro_rules! store {
    ($($(#[$doc:meta])* $name:ident: $repository:ident, $replace:ident;)+) => {
        /// Everything that a store implements. Write one and run the `conformance` suite against it.
        #[async_trait]
        pub trait StoreBackend: $($repository +)+ 'static {
            /// What the store is, for messages: `memory`, `sqlite`, …
            fn name(&self) -> &'static str;

            /// Gives up connections and files after the calls under way. What was written stays.
            /// Calls afterwards fail where there was something to give up.
            async fn close(&self);
        }

        #[derive(Clone)]
        struct Parts {
            backend: Arc<dyn StoreBackend>,
            $($name: Arc<dyn $repository>,)+
        }

        impl Store {
            /// A handle on this store.
            pub fn new(backend: impl StoreBackend) -> Self {
                let backend: Arc<dyn StoreBackend> = Arc::new(backend);
                $(let $name: Arc<dyn $repository> = backend.clone();)+
                Self {
                    parts: Arc::new(Parts { backend, $($name,)+ }),
                }
            }

            $(
                $(#[$doc])*
                pub fn $name(&self) -> &dyn $repository {
                    &*self.parts.$name
                }

                #[doc = concat!(
                    "The same store with another repository in the place of [`",
                    stringify!($name),
                    "`](Self::", stringify!($name), "): a wrapper around it, such as a cache."
                )]
                #[must_use]
                pub fn $replace(&self, repository: impl $repository + 'static) -> Self {
                    Self {
                        parts: Arc::new(Parts {
                            $name: Arc::new(repository),
                            ..(*self.parts).clone()
                        }),
                    }
                }
            )+
        }
    };
}

store! {
    /// Servers.
    servers: ServerRepository, with_servers;
    /// Deleted servers, put aside.
    archive: ArchiveRepository, with_archive;
    /// Compute hosts.
    hosts: HostRepository, with_hosts;
    /// Allocations.
    allocations: AllocationRepository, with_allocations;
    /// Flavors.
    flavors: FlavorRepository, with_flavors;
    /// Faults.
    faults: FaultRepository, with_faults;
    /// Host aggregates.
    aggregates: AggregateRepository, with_aggregates;
    /// Server groups.
    server_groups: ServerGroupRepository, with_server_groups;
    /// Key pairs.
    key_pairs: KeyPairRepository, with_key_pairs;
    /// Cells.
    cells: CellRepository, with_cells;
    /// Migrations.
    migrations: MigrationRepository, with_migrations;
    /// Actions and their events.
    actions: ActionRepository, with_actions;
    /// Long operations.
    operations: OperationRepository, with_operations;
    /// Block device mappings.
    block_devices: BlockDeviceRepository, with_block_devices;
    /// Network ports.
    ports: PortRepository, with_ports;
    /// Console tokens.
    console_tokens: ConsoleTokenRepository, with_console_tokens;
    /// Quotas.
    quotas: QuotaRepository, with_quotas;
}

/// A cheap handle on a store, and the way to its repositories.
///
/// A single repository can be replaced, by a cache or by one that fails in a test:
///
/// ```
/// use nova_core::repository::{Store, memory::MemoryStore};
///
/// let store = Store::new(MemoryStore::new());
/// let flavors_elsewhere = store.with_flavors(MemoryStore::new());
/// assert_eq!(flavors_elsewhere.name(), "memory");
/// ```
#[derive(Clone)]
pub struct Store {
    parts: Arc<Parts>,
}

impl Store {
    /// What the store is.
    pub fn name(&self) -> &'static str {
        self.parts.backend.name()
    }

    /// Gives up connections and files, for every handle on the store. A store that is only dropped
    /// does so in the background.
    pub async fn close(&self) {
        self.parts.backend.close().await;
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.name()).finish()
    }
}
