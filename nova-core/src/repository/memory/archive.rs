//! The archive in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::actions::OfServer;
use super::page::cut;
use super::servers::{purge, removable};
use super::store::{MemoryStore, Tables};
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{ProjectId, ServerId};
use crate::model::ArchivedServer;
use crate::repository::clash::{sort_block_devices, sort_ports};
use crate::repository::{ArchiveRepository, Page, PageRequest};

/// When a server was deleted, and its id: its place in the order.
type Place = (Timestamp, ServerId);

/// The table of the archive, with the orders in which it is read.
#[derive(Default)]
pub(super) struct Archive {
    by_id: BTreeMap<ServerId, ArchivedServer>,
    all: BTreeSet<Place>,
    by_project: BTreeMap<ProjectId, BTreeSet<Place>>,
}

impl Archive {
    fn get(&self, id: ServerId) -> Result<&ArchivedServer> {
        self.by_id
            .get(&id)
            .ok_or_else(|| Error::not_found(ObjectKind::Server, id))
    }

    fn put(&mut self, archived: ArchivedServer) {
        self.remove(archived.server.id);
        self.all.insert(place(&archived));
        self.by_project
            .entry(archived.server.project_id.clone())
            .or_default()
            .insert(place(&archived));
        self.by_id.insert(archived.server.id, archived);
    }

    fn remove(&mut self, id: ServerId) {
        let Some(archived) = self.by_id.remove(&id) else {
            return;
        };
        let place = place(&archived);
        self.all.remove(&place);
        let project = &archived.server.project_id;
        if let Some(places) = self.by_project.get_mut(project) {
            places.remove(&place);
            if places.is_empty() {
                self.by_project.remove(project);
            }
        }
    }
}

#[async_trait]
impl ArchiveRepository for MemoryStore {
    async fn archive_servers(&self, before: Timestamp, now: Timestamp, limit: u32) -> Result<u64> {
        let mut tables = self.tables();
        let gone = removable(&tables, before, limit);
        for id in &gone {
            let Some(archived) = archived(&tables, *id, now) else {
                continue;
            };
            tables.archive.put(archived);
            purge(&mut tables, *id);
        }
        Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
    }

    async fn archived_get(&self, id: ServerId) -> Result<ArchivedServer> {
        self.tables().archive.get(id).cloned()
    }

    async fn archived_list(
        &self,
        project: Option<&ProjectId>,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<ArchivedServer, ServerId>> {
        let archive = &self.tables().archive;
        let after = match page.marker() {
            Some(marker) => Bound::Excluded(place(archive.get(*marker)?)),
            None => Bound::Unbounded,
        };
        let nothing = BTreeSet::new();
        let order = match project {
            Some(project) => archive.by_project.get(project).unwrap_or(&nothing),
            None => &archive.all,
        };
        let items = order
            .range((after, Bound::Unbounded))
            .filter_map(|(_, id)| archive.by_id.get(id));
        Ok(cut(items, page.limit(), |archived| archived.server.id))
    }

    async fn archive_purge(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let archive = &mut self.tables().archive;
        let gone: Vec<ServerId> = archive
            .all
            .iter()
            .take_while(|(deleted_at, _)| *deleted_at < before)
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .map(|(_, id)| *id)
            .collect();
        for id in &gone {
            archive.remove(*id);
        }
        Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
    }
}

/// A server with what belongs to it.
fn archived(tables: &Tables, id: ServerId, now: Timestamp) -> Option<ArchivedServer> {
    let server = tables.servers.get(id).ok()?;
    let mut archived = ArchivedServer::new(server.clone(), now);
    archived.faults = tables.faults.get(&id).cloned().unwrap_or_default();
    archived.migrations = tables.migrations.of(id).cloned().collect();
    archived.actions = tables
        .actions
        .get(&id)
        .map(OfServer::archived)
        .unwrap_or_default();
    archived.block_devices = tables.block_devices.of(id);
    sort_block_devices(&mut archived.block_devices);
    archived.ports = tables.ports.of(id);
    sort_ports(&mut archived.ports);
    archived.server_group = tables.server_groups.of(id);
    Some(archived)
}

fn place(archived: &ArchivedServer) -> Place {
    // Only deleted servers are archived.
    let deleted_at = archived.server.deleted_at.unwrap_or(archived.archived_at);
    (deleted_at, archived.server.id)
}
