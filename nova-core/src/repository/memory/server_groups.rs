//! Server groups in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{ProjectId, ServerGroupId, ServerId};
use crate::model::{QuotaCharge, ServerGroup};
use crate::repository::{Page, PageRequest, ServerGroupRepository};

/// The table of server groups.
#[derive(Default)]
pub(super) struct ServerGroups {
    by_id: BTreeMap<ServerGroupId, ServerGroup>,
    of_project: BTreeMap<ProjectId, BTreeSet<ServerGroupId>>,
    of_server: BTreeMap<ServerId, ServerGroupId>,
}

impl ServerGroups {
    fn get(&self, id: ServerGroupId) -> Result<&ServerGroup> {
        self.by_id
            .get(&id)
            .ok_or_else(|| Error::not_found(ObjectKind::ServerGroup, id))
    }

    /// The group of a server.
    pub(super) fn of(&self, server: ServerId) -> Option<ServerGroupId> {
        self.of_server.get(&server).copied()
    }

    /// The groups of a project.
    pub(super) fn of_project(&self, project: &ProjectId) -> impl Iterator<Item = &ServerGroup> {
        let ids = self.of_project.get(project).into_iter().flatten();
        ids.filter_map(|id| self.by_id.get(id))
    }

    /// Takes a server out of its group.
    pub(super) fn forget(&mut self, server: ServerId) {
        let group = self.of_server.remove(&server);
        if let Some(group) = group.and_then(|id| self.by_id.get_mut(&id)) {
            group.members.remove(&server);
        }
    }
}

#[async_trait]
impl ServerGroupRepository for MemoryStore {
    async fn server_group_create(&self, group: &ServerGroup) -> Result<()> {
        if !group.members.is_empty() {
            let reason = "a group begins without members";
            return Err(Error::invalid("server group members", reason));
        }
        let tables = &mut *self.tables();
        let groups = &mut tables.server_groups;
        if groups.by_id.contains_key(&group.id) {
            return Err(Error::already_exists(ObjectKind::ServerGroup, group.id));
        }
        let (project, charge) = (&group.project_id, group.charge());
        tables.quotas.check(project, &charge)?;
        tables.quotas.charge(project, &QuotaCharge::none(), &charge);
        groups
            .of_project
            .entry(group.project_id.clone())
            .or_default()
            .insert(group.id);
        groups.by_id.insert(group.id, group.clone());
        Ok(())
    }

    async fn server_group_get(&self, id: ServerGroupId) -> Result<ServerGroup> {
        self.tables().server_groups.get(id).cloned()
    }

    async fn server_group_list(
        &self,
        project: Option<&ProjectId>,
        page: &PageRequest<ServerGroupId>,
    ) -> Result<Page<ServerGroup, ServerGroupId>> {
        let groups = &self.tables().server_groups;
        let start = page.marker().map_or(Bound::Unbounded, Bound::Excluded);
        let range = (start, Bound::Unbounded);
        let id = |group: &ServerGroup| group.id;
        Ok(match project {
            None => {
                let all = groups.by_id.range::<ServerGroupId, _>(range);
                cut(all.map(|(_, group)| group), page.limit(), id)
            }
            Some(project) => {
                let ids = groups.of_project.get(project).into_iter();
                let ids = ids.flat_map(|ids| ids.range::<ServerGroupId, _>(range));
                let some = ids.filter_map(|id| groups.by_id.get(id));
                cut(some, page.limit(), id)
            }
        })
    }

    async fn server_group_of(&self, server: ServerId) -> Result<Option<ServerGroup>> {
        let groups = &self.tables().server_groups;
        let group = groups.of_server.get(&server);
        Ok(group.and_then(|id| groups.by_id.get(id)).cloned())
    }

    async fn server_group_add_members(
        &self,
        id: ServerGroupId,
        servers: &BTreeSet<ServerId>,
        max_members: Option<u32>,
    ) -> Result<ServerGroup> {
        let mut tables = self.tables();
        let mut group = tables.server_groups.get(id)?.clone();
        let missing = |server: &&ServerId| !tables.servers.contains(**server);
        if let Some(missing) = servers.iter().find(missing) {
            return Err(Error::not_found(ObjectKind::Server, missing));
        }
        for server in servers {
            match tables.server_groups.of_server.get(server) {
                Some(other) if *other != id => {
                    let by = format!("it is in server group {other}");
                    return Err(Error::in_use(ObjectKind::Server, server, by));
                }
                _ => {}
            }
        }
        let before = group.members.len();
        group.members.extend(servers);
        let after = group.members.len();
        if let Some(limit) = max_members
            && after > before
            && u32::try_from(after).unwrap_or(u32::MAX) > limit
        {
            return Err(Error::limit_exceeded(ObjectKind::Server, id, limit));
        }
        let groups = &mut tables.server_groups;
        groups.of_server.extend(servers.iter().map(|s| (*s, id)));
        groups.by_id.insert(id, group.clone());
        Ok(group)
    }

    async fn server_group_remove_members(
        &self,
        id: ServerGroupId,
        servers: &BTreeSet<ServerId>,
    ) -> Result<ServerGroup> {
        let groups = &mut self.tables().server_groups;
        let members = &groups.get(id)?.members;
        let gone: Vec<ServerId> = members.intersection(servers).copied().collect();
        for server in gone {
            groups.forget(server);
        }
        groups.get(id).cloned()
    }

    async fn server_group_delete(&self, id: ServerGroupId) -> Result<bool> {
        let tables = &mut *self.tables();
        let groups = &mut tables.server_groups;
        let Some(group) = groups.by_id.remove(&id) else {
            return Ok(false);
        };
        let nothing = QuotaCharge::none();
        tables
            .quotas
            .charge(&group.project_id, &group.charge(), &nothing);
        for server in &group.members {
            groups.of_server.remove(server);
        }
        if let Some(ids) = groups.of_project.get_mut(&group.project_id) {
            ids.remove(&id);
            if ids.is_empty() {
                groups.of_project.remove(&group.project_id);
            }
        }
        Ok(true)
    }
}
