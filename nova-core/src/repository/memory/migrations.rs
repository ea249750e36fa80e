//! Migrations in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{HostName, MigrationId, ProjectId, ServerId};
use crate::model::Migration;
use crate::repository::migrations::{has_another, updated};
use crate::repository::{MigrationFilter, MigrationRepository, Page, PageRequest};

/// Ids in the order of creation.
type ByAge = BTreeSet<(Timestamp, MigrationId)>;

/// The table of migrations, with the orders in which it is read.
#[derive(Default)]
pub(super) struct Migrations {
    by_id: BTreeMap<MigrationId, Migration>,
    by_age: ByAge,
    by_server: BTreeMap<ServerId, ByAge>,
    by_host: BTreeMap<HostName, ByAge>,
    by_project: BTreeMap<ProjectId, ByAge>,
    /// Those that have not ended, and the one of each server.
    open: ByAge,
    open_of: BTreeMap<ServerId, MigrationId>,
}

impl Migrations {
    /// Removes those of a server.
    pub(super) fn remove_of(&mut self, server: ServerId) {
        for (_, id) in self.by_server.get(&server).cloned().unwrap_or_default() {
            self.remove(id);
        }
    }

    /// Those of a server, oldest first.
    pub(super) fn of(&self, server: ServerId) -> impl Iterator<Item = &Migration> {
        let ids = self.by_server.get(&server).into_iter().flatten();
        ids.filter_map(|(_, id)| self.by_id.get(id))
    }

    fn get(&self, id: MigrationId) -> Result<&Migration> {
        self.by_id
            .get(&id)
            .ok_or_else(|| Error::not_found(ObjectKind::Migration, id))
    }

    fn insert(&mut self, migration: Migration) {
        let key = (migration.created_at, migration.id);
        self.by_age.insert(key);
        let server = migration.server_id;
        self.by_server.entry(server).or_default().insert(key);
        let project = migration.project_id.clone();
        self.by_project.entry(project).or_default().insert(key);
        for host in hosts(&migration) {
            self.by_host.entry(host.clone()).or_default().insert(key);
        }
        if migration.status.in_progress() {
            self.open.insert(key);
            self.open_of.insert(server, migration.id);
        }
        self.by_id.insert(migration.id, migration);
    }

    fn remove(&mut self, id: MigrationId) {
        let Some(migration) = self.by_id.remove(&id) else {
            return;
        };
        let key = (migration.created_at, id);
        self.by_age.remove(&key);
        drop_key(&mut self.by_server, &migration.server_id, &key);
        drop_key(&mut self.by_project, &migration.project_id, &key);
        for host in hosts(&migration) {
            drop_key(&mut self.by_host, host, &key);
        }
        if self.open.remove(&key) {
            self.open_of.remove(&migration.server_id);
        }
    }

    /// The shortest list that has all that the filter lets through; `None` if there is nothing.
    fn candidates(&self, filter: &MigrationFilter) -> Option<&ByAge> {
        if let Some(server) = &filter.server {
            self.by_server.get(server)
        } else if filter.in_progress {
            Some(&self.open)
        } else if let Some(host) = &filter.host {
            self.by_host.get(host)
        } else if let Some(project) = &filter.project {
            self.by_project.get(project)
        } else {
            Some(&self.by_age)
        }
    }
}

#[async_trait]
impl MigrationRepository for MemoryStore {
    async fn migration_create(&self, migration: &Migration) -> Result<()> {
        let mut tables = self.tables();
        let server = migration.server_id;
        if tables.migrations.by_id.contains_key(&migration.id) {
            return Err(Error::already_exists(ObjectKind::Migration, migration.id));
        }
        if !tables.servers.contains(server) {
            return Err(Error::not_found(ObjectKind::Server, server));
        }
        if migration.status.in_progress() && tables.migrations.open_of.contains_key(&server) {
            return Err(has_another(server));
        }
        tables.migrations.insert(migration.clone());
        Ok(())
    }

    async fn migration_get(&self, id: MigrationId) -> Result<Migration> {
        self.tables().migrations.get(id).cloned()
    }

    async fn migration_update(&self, migration: &Migration) -> Result<Migration> {
        let migrations = &mut self.tables().migrations;
        let held = migrations.get(migration.id)?;
        let written = updated(held, migration)?;
        migrations.remove(migration.id);
        migrations.insert(written.clone());
        Ok(written)
    }

    async fn migration_list(
        &self,
        filter: &MigrationFilter,
        page: &PageRequest<MigrationId>,
    ) -> Result<Page<Migration, MigrationId>> {
        let migrations = &self.tables().migrations;
        let start = match page.marker() {
            Some(marker) => Bound::Excluded((migrations.get(*marker)?.created_at, *marker)),
            None => Bound::Unbounded,
        };
        let candidates = migrations.candidates(filter);
        let matching = candidates
            .into_iter()
            .flat_map(|ids| ids.range((start, Bound::Unbounded)))
            .filter_map(|(_, id)| migrations.by_id.get(id))
            .filter(|migration| matches(filter, migration));
        Ok(cut(matching, page.limit(), |migration| migration.id))
    }
}

/// Where it goes from and to, each once.
fn hosts(migration: &Migration) -> impl Iterator<Item = &HostName> {
    let elsewhere = migration
        .dest_host
        .iter()
        .filter(|host| **host != migration.source_host);
    std::iter::once(&migration.source_host).chain(elsewhere)
}

fn drop_key<K: Ord>(index: &mut BTreeMap<K, ByAge>, of: &K, key: &(Timestamp, MigrationId)) {
    if let Some(keys) = index.get_mut(of) {
        keys.remove(key);
        if keys.is_empty() {
            index.remove(of);
        }
    }
}

fn matches(filter: &MigrationFilter, migration: &Migration) -> bool {
    let MigrationFilter {
        server,
        host,
        statuses,
        kind,
        in_progress,
        project,
        changed_since,
    } = filter;
    server.is_none_or(|server| server == migration.server_id)
        && host
            .as_ref()
            .is_none_or(|host| hosts(migration).any(|of| of == host))
        && statuses
            .as_ref()
            .is_none_or(|statuses| statuses.contains(&migration.status))
        && kind.is_none_or(|kind| kind == migration.kind)
        && (!in_progress || migration.status.in_progress())
        && project
            .as_ref()
            .is_none_or(|project| *project == migration.project_id)
        && changed_since.is_none_or(|since| migration.updated_at >= since)
}
