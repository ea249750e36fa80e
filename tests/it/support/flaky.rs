//! A store that fails for a while: before a write, or after it, so that only its answer is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use nova_sdk::core::id::{HostName, MigrationId, ServerId};
use nova_sdk::core::model::{
    Allocation, Claim, ClaimMove, Consumer, Fault, Generation, Host, HostReport, HostUsage, Server,
    ServiceStatus,
};
use nova_sdk::core::repository::memory::MemoryStore;
use nova_sdk::core::repository::{
    AllocationRepository, FaultRepository, HostFilter, HostRepository, Page, PageRequest,
    ServerBatch, ServerFilter, ServerRepository, ServerSort, Store,
};
use nova_sdk::core::{Error, Result, Timestamp};

/// A store in memory of which every so many-th call fails, the writes by turns before and after
/// they are done. It begins to when it is told to.
#[derive(Debug, Clone)]
pub struct FlakyStore {
    inner: MemoryStore,
    calls: Arc<AtomicU32>,
    every: u32,
    fails: Arc<AtomicBool>,
}

impl FlakyStore {
    pub fn new(every: u32) -> Self {
        Self {
            inner: MemoryStore::new(),
            calls: Arc::default(),
            every,
            fails: Arc::default(),
        }
    }

    /// The handle on it. What the conductor does not use does not fail.
    pub fn store(&self) -> Store {
        Store::new(self.inner.clone())
            .with_servers(self.clone())
            .with_hosts(self.clone())
            .with_allocations(self.clone())
            .with_faults(self.clone())
    }

    /// From now on it fails, or not.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    async fn flaky<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        if !self.fails.load(Ordering::Relaxed) {
            return call.await;
        }
        let count = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let failure = || Error::Store {
            store: "flaky",
            operation: "answer",
            transient: true,
            source: "the connection was lost".into(),
        };
        if !count.is_multiple_of(self.every) {
            return call.await;
        }
        if (count / self.every).is_multiple_of(2) {
            call.await?;
        }
        Err(failure())
    }
}

#[async_trait]
impl ServerRepository for FlakyStore {
    async fn server_create_batch(&self, batch: &ServerBatch) -> Result<()> {
        self.inner.server_create_batch(batch).await
    }
    async fn server_get(&self, id: ServerId) -> Result<Server> {
        self.flaky(self.inner.server_get(id)).await
    }
    async fn server_list(
        &self,
        filter: &ServerFilter,
        sort: ServerSort,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<Server, ServerId>> {
        self.flaky(self.inner.server_list(filter, sort, page)).await
    }
    async fn server_update(&self, server: &Server) -> Result<Server> {
        self.flaky(self.inner.server_update(server)).await
    }
    async fn server_purge(&self, id: ServerId, generation: Generation) -> Result<bool> {
        self.inner.server_purge(id, generation).await
    }
    async fn server_purge_deleted(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.inner.server_purge_deleted(before, limit).await
    }
}

#[async_trait]
impl HostRepository for FlakyStore {
    async fn host_report(&self, report: &HostReport, now: Timestamp) -> Result<Host> {
        self.inner.host_report(report, now).await
    }
    async fn host_get(&self, name: &HostName) -> Result<Host> {
        self.inner.host_get(name).await
    }
    async fn host_list(
        &self,
        filter: &HostFilter,
        page: &PageRequest<HostName>,
    ) -> Result<Page<Host, HostName>> {
        self.inner.host_list(filter, page).await
    }
    async fn host_usages(&self) -> Result<Vec<HostUsage>> {
        self.flaky(self.inner.host_usages()).await
    }
    async fn host_set_service(
        &self,
        name: &HostName,
        generation: Generation,
        service: &ServiceStatus,
    ) -> Result<Host> {
        self.inner.host_set_service(name, generation, service).await
    }
    async fn host_delete(&self, name: &HostName) -> Result<bool> {
        self.inner.host_delete(name).await
    }
}

#[async_trait]
impl AllocationRepository for FlakyStore {
    async fn claim(&self, claim: &Claim) -> Result<()> {
        self.flaky(self.inner.claim(claim)).await
    }
    async fn claim_move(&self, claim: &ClaimMove) -> Result<()> {
        self.flaky(self.inner.claim_move(claim)).await
    }
    async fn claim_move_back(&self, server: ServerId, migration: MigrationId) -> Result<bool> {
        self.flaky(self.inner.claim_move_back(server, migration))
            .await
    }
    async fn allocations_of(&self, consumer: Consumer) -> Result<Vec<Allocation>> {
        self.flaky(self.inner.allocations_of(consumer)).await
    }
    async fn allocations_on(&self, host: &HostName) -> Result<Vec<Allocation>> {
        self.inner.allocations_on(host).await
    }
    async fn release(&self, consumer: Consumer, host: Option<&HostName>) -> Result<bool> {
        self.flaky(self.inner.release(consumer, host)).await
    }
}

#[async_trait]
impl FaultRepository for FlakyStore {
    async fn fault_record(&self, fault: &Fault) -> Result<()> {
        self.flaky(self.inner.fault_record(fault)).await
    }
    async fn faults_of(&self, server: ServerId, limit: u32) -> Result<Vec<Fault>> {
        self.inner.faults_of(server, limit).await
    }
}
