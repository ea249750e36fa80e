//! Servers in memory.

use async_trait::async_trait;

use super::page::cut;
use super::store::{MemoryStore, Tables};
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ServerId;
use crate::model::{Generation, QuotaCharge, Server};
use crate::repository::{
    Page, PageRequest, ServerBatch, ServerFilter, ServerRepository, ServerSort,
};

pub(super) use super::server_table::Servers;

#[async_trait]
impl ServerRepository for MemoryStore {
    async fn server_create_batch(&self, batch: &ServerBatch) -> Result<()> {
        batch.validate()?;
        let tables = &mut *self.tables();
        if let Some(taken) = batch
            .servers
            .iter()
            .find(|new| tables.servers.contains(new.id))
        {
            return Err(Error::already_exists(ObjectKind::Server, taken.id));
        }
        let charges = batch.charges();
        for (project, charge) in &charges {
            tables.quotas.check(project, charge)?;
        }
        let granted = tables
            .allocations
            .check_batch(&tables.hosts, &batch.claims)?;
        for claim in granted {
            tables.allocations.hold(claim);
        }
        for (project, charge) in &charges {
            tables.quotas.charge(project, &QuotaCharge::none(), charge);
        }
        for server in &batch.servers {
            tables.servers.put(server.clone());
        }
        Ok(())
    }

    async fn server_get(&self, id: ServerId) -> Result<Server> {
        self.tables().servers.get(id).cloned()
    }

    async fn server_list(
        &self,
        filter: &ServerFilter,
        sort: ServerSort,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<Server, ServerId>> {
        filter.check()?;
        let servers = &self.tables().servers;
        let matching = servers.listed(filter, sort, page.marker().copied())?;
        Ok(cut(matching, page.limit(), |server| server.id))
    }

    async fn server_update(&self, server: &Server) -> Result<Server> {
        let tables = &mut *self.tables();
        let held = tables.servers.get(server.id)?;
        if held.generation != server.generation {
            return Err(stale(server.id, server.generation));
        }
        let written = Server {
            project_id: held.project_id.clone(),
            created_at: held.created_at,
            generation: server.generation.next(),
            ..server.clone()
        };
        let (before, now) = (held.charge(), written.charge());
        let project = &written.project_id;
        tables.quotas.check(project, &now.beyond(&before))?;
        tables.quotas.charge(project, &before, &now);
        tables.servers.put(written.clone());
        Ok(written)
    }

    async fn server_purge(&self, id: ServerId, generation: Generation) -> Result<bool> {
        let mut tables = self.tables();
        let Ok(held) = tables.servers.get(id) else {
            return Ok(false);
        };
        if held.deleted_at.is_none() || held.generation != generation {
            return Err(stale(id, generation));
        }
        if tables.allocations.holds(id) {
            return Err(Error::in_use(
                ObjectKind::Server,
                id,
                "it holds resources on a host",
            ));
        }
        purge(&mut tables, id);
        Ok(true)
    }

    async fn server_purge_deleted(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let mut tables = self.tables();
        let gone = removable(&tables, before, limit);
        for id in &gone {
            purge(&mut tables, *id);
        }
        Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
    }
}

/// At most so many that were deleted before that time and hold nothing, the longest deleted first.
pub(super) fn removable(tables: &Tables, before: Timestamp, limit: u32) -> Vec<ServerId> {
    tables
        .servers
        .deleted_before(before)
        .filter(|id| !tables.allocations.holds(*id))
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .collect()
}

/// Removes a server and what belongs to it.
pub(super) fn purge(tables: &mut Tables, id: ServerId) {
    tables.servers.remove(id);
    tables.faults.remove(&id);
    tables.server_groups.forget(id);
    tables.block_devices.remove_of(id);
    tables.ports.remove_of(id);
    tables.console_tokens.remove_of(id);
    tables.migrations.remove_of(id);
    tables.actions.remove(&id);
}

fn stale(id: ServerId, expected: Generation) -> Error {
    Error::stale(ObjectKind::Server, id, expected)
}
