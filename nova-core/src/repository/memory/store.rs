//! The store itself: one lock over one table for each aggregate.

use async_trait::async_trait;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::actions::Actions;
use super::aggregates::Aggregates;
use super::allocations::Allocations;
use super::archive::Archive;
use super::block_devices::BlockDevices;
use super::cells::Cells;
use super::console_tokens::ConsoleTokens;
use super::faults::Faults;
use super::flavors::Flavors;
use super::hosts::Hosts;
use super::key_pairs::KeyPairs;
use super::migrations::Migrations;
use super::operations::Operations;
use super::ports::Ports;
use super::quotas::Quotas;
use super::server_groups::ServerGroups;
use super::servers::Servers;
use crate::repository::StoreBackend;

/// A store in memory. It is empty when it is made, and gone when the last of its clones, which
/// share what is stored, is dropped.
///
/// ```
/// use nova_core::repository::{PageRequest, ServerFilter, ServerSort, Store, memory::MemoryStore};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let store = Store::new(MemoryStore::new());
/// let (filter, sort) = (ServerFilter::default(), ServerSort::default());
/// let page = store.servers().server_list(&filter, sort, &PageRequest::largest()).await?;
/// assert!(page.items.is_empty() && page.next.is_none());
/// # Ok::<(), nova_core::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
}

/// What the lock guards.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) servers: Servers,
    pub(super) faults: Faults,
    pub(super) flavors: Flavors,
    pub(super) hosts: Hosts,
    pub(super) allocations: Allocations,
    pub(super) aggregates: Aggregates,
    pub(super) server_groups: ServerGroups,
    pub(super) key_pairs: KeyPairs,
    pub(super) cells: Cells,
    pub(super) migrations: Migrations,
    pub(super) actions: Actions,
    pub(super) operations: Operations,
    pub(super) block_devices: BlockDevices,
    pub(super) ports: Ports,
    pub(super) console_tokens: ConsoleTokens,
    pub(super) quotas: Quotas,
    pub(super) archive: Archive,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tables, for one call.
    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        // Every call checks first and writes last, so a panic in one leaves the tables whole.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl StoreBackend for MemoryStore {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn close(&self) {
        // There is nothing to give up; other handles keep what is stored.
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = self.tables();
        f.debug_struct("MemoryStore")
            .field("servers", &tables.servers.len())
            .field("hosts", &tables.hosts.len())
            .finish_non_exhaustive()
    }
}
