//! The handle on a store.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    AllocationRepository, FaultRepository, FlavorRepository, HostRepository, ServerRepository,
};

/// Everything that a store implements. Write one and run the `conformance` suite against it.
#[async_trait]
pub trait StoreBackend:
    ServerRepository
    + HostRepository
    + AllocationRepository
    + FlavorRepository
    + FaultRepository
    + 'static
{
    /// What the store is, for messages: `memory`, `sqlite`, …
    fn name(&self) -> &'static str;

    /// Gives up connections and files after the calls under way. What was written stays. Calls
    /// afterwards fail where there was something to give up.
    async fn close(&self);
}

/// A cheap handle on a store, and the way to its repositories.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn StoreBackend>,
}

impl Store {
    /// A handle on this store.
    pub fn new(backend: impl StoreBackend) -> Self {
        Self {
            backend: Arc::new(backend),
        }
    }

    /// What the store is.
    pub fn name(&self) -> &'static str {
        self.backend.name()
    }

    /// Gives up connections and files, for every handle on the store. A store that is only dropped
    /// does so in the background.
    pub async fn close(&self) {
        self.backend.close().await;
    }

    /// Servers.
    pub fn servers(&self) -> &dyn ServerRepository {
        &*self.backend
    }

    /// Compute hosts.
    pub fn hosts(&self) -> &dyn HostRepository {
        &*self.backend
    }

    /// Allocations.
    pub fn allocations(&self) -> &dyn AllocationRepository {
        &*self.backend
    }

    /// Flavors.
    pub fn flavors(&self) -> &dyn FlavorRepository {
        &*self.backend
    }

    /// Faults.
    pub fn faults(&self) -> &dyn FaultRepository {
        &*self.backend
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.name()).finish()
    }
}
