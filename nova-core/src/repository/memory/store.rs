//! The store itself: one lock over one table for each aggregate.

use async_trait::async_trait;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::allocations::Allocations;
use super::faults::Faults;
use super::flavors::Flavors;
use super::hosts::Hosts;
use super::servers::Servers;
use crate::repository::StoreBackend;

/// A store in memory. It is empty when it is made, and gone when it is dropped.
///
/// ```
/// use nova_core::repository::{PageRequest, ServerFilter, Store, memory::MemoryStore};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let store = Store::new(MemoryStore::new());
/// let page = store.servers().server_list(&ServerFilter::default(), &PageRequest::largest()).await?;
/// assert!(page.items.is_empty() && page.next.is_none());
/// # Ok::<(), nova_core::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

/// What the lock guards.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) servers: Servers,
    pub(super) faults: Faults,
    pub(super) flavors: Flavors,
    pub(super) hosts: Hosts,
    pub(super) allocations: Allocations,
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
