//! Servers in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::{MemoryStore, Tables};
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ServerId;
use crate::model::{Generation, Server};
use crate::repository::{Page, PageRequest, ServerFilter, ServerRepository};

/// The table of servers, with the orders in which it is read.
#[derive(Default)]
pub(super) struct Servers {
    by_id: BTreeMap<ServerId, Server>,
    by_age: BTreeSet<(Timestamp, ServerId)>,
}

impl Servers {
    /// How many there are, deleted ones included.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is such a server, deleted or not.
    pub(super) fn contains(&self, id: ServerId) -> bool {
        self.by_id.contains_key(&id)
    }

    fn get(&self, id: ServerId) -> Result<&Server> {
        self.by_id
            .get(&id)
            .ok_or_else(|| Error::not_found(ObjectKind::Server, id))
    }

    fn remove(&mut self, id: ServerId) {
        if let Some(server) = self.by_id.remove(&id) {
            self.by_age.remove(&(server.created_at, id));
        }
    }
}

#[async_trait]
impl ServerRepository for MemoryStore {
    async fn server_create(&self, server: &Server) -> Result<()> {
        let servers = &mut self.tables().servers;
        if servers.contains(server.id) {
            return Err(Error::AlreadyExists {
                kind: ObjectKind::Server,
                id: server.id.to_string(),
            });
        }
        servers.by_age.insert((server.created_at, server.id));
        servers.by_id.insert(server.id, server.clone());
        Ok(())
    }

    async fn server_get(&self, id: ServerId) -> Result<Server> {
        self.tables().servers.get(id).cloned()
    }

    async fn server_list(
        &self,
        filter: &ServerFilter,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<Server, ServerId>> {
        let servers = &self.tables().servers;
        let start = match page.marker() {
            Some(marker) => Bound::Excluded((servers.get(*marker)?.created_at, *marker)),
            None => Bound::Unbounded,
        };
        let matching = servers
            .by_age
            .range((start, Bound::Unbounded))
            .filter_map(|(_, id)| servers.by_id.get(id))
            .filter(|server| matches(filter, server));
        Ok(cut(matching, page.limit(), |server| server.id))
    }

    async fn server_update(&self, server: &Server) -> Result<Server> {
        let servers = &mut self.tables().servers;
        let held = servers.get(server.id)?;
        if held.generation != server.generation {
            return Err(stale(server.id, server.generation));
        }
        let written = Server {
            project_id: held.project_id.clone(),
            created_at: held.created_at,
            generation: server.generation.next(),
            ..server.clone()
        };
        servers.by_id.insert(server.id, written.clone());
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
        purge(&mut tables, id);
        Ok(true)
    }

    async fn server_purge_deleted(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let mut tables = self.tables();
        let mut gone: Vec<(Timestamp, ServerId)> = tables
            .servers
            .by_id
            .values()
            .filter_map(|server| Some((server.deleted_at?, server.id)))
            .filter(|(deleted_at, _)| *deleted_at < before)
            .collect();
        gone.sort_unstable();
        gone.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        for (_, id) in &gone {
            purge(&mut tables, *id);
        }
        Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
    }
}

fn matches(filter: &ServerFilter, server: &Server) -> bool {
    filter
        .project
        .as_ref()
        .is_none_or(|project| *project == server.project_id)
        && filter
            .host
            .as_ref()
            .is_none_or(|host| Some(host) == server.host.as_ref())
        && filter.vm_state.is_none_or(|state| state == server.vm_state)
        && filter
            .busy
            .is_none_or(|busy| busy == server.task_state.is_some())
        && (filter.deleted || server.deleted_at.is_none())
}

fn purge(tables: &mut Tables, id: ServerId) {
    tables.servers.remove(id);
    tables.faults.remove(&id);
    tables.migrations.remove_of(id);
    tables.actions.remove(&id);
}

fn stale(id: ServerId, expected: Generation) -> Error {
    Error::Stale {
        kind: ObjectKind::Server,
        id: id.to_string(),
        expected,
    }
}
