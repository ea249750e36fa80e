//! Server groups in SQL.
//!
//! Everyone takes the rows in one order: the group, then the members by server, then what the
//! project is charged.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::charge::{charge, refusal};
use super::entity::server_group::{Column, Entity, Model, row};
use super::entity::{server, server_group_member as member};
use super::op::{Op, is_orphan, is_taken};
use super::server_list::cut;
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{ProjectId, ServerGroupId, ServerId};
use crate::model::{QuotaCharge, ServerGroup};
use crate::repository::{Page, PageRequest, ServerGroupRepository};

/// How many ids one statement names: every database takes so many parameters.
const IDS_AT_ONCE: usize = 500;

#[async_trait]
impl ServerGroupRepository for SqlStore {
    async fn server_group_create(&self, group: &ServerGroup) -> Result<()> {
        let op = self.op("create a server group");
        if !group.members.is_empty() {
            let reason = "a group begins without members";
            return Err(Error::invalid("server group members", reason));
        }
        self.retried(|| async {
            // A second time where a project is charged for the first time.
            match create_once(self, group, op).await {
                Err(error) if op.is_interrupted(&error) => create_once(self, group, op).await,
                done => done,
            }
        })
        .await
    }

    async fn server_group_get(&self, id: ServerGroupId) -> Result<ServerGroup> {
        let op = self.op("read a server group");
        self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let outcome = load(&transaction.db, id, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn server_group_list(
        &self,
        project: Option<&ProjectId>,
        page: &PageRequest<ServerGroupId>,
    ) -> Result<Page<ServerGroup, ServerGroupId>> {
        let op = self.op("list server groups");
        self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let outcome = list(&transaction.db, project, page, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn server_group_of(&self, server: ServerId) -> Result<Option<ServerGroup>> {
        let op = self.op("read the group of a server");
        self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let outcome = group_of(&transaction.db, server, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn server_group_add_members(
        &self,
        id: ServerGroupId,
        servers: &BTreeSet<ServerId>,
        max_members: Option<u32>,
    ) -> Result<ServerGroup> {
        let op = self.op("add servers to a group");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = add(&transaction.db, id, servers, max_members, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn server_group_remove_members(
        &self,
        id: ServerGroupId,
        servers: &BTreeSet<ServerId>,
    ) -> Result<ServerGroup> {
        let op = self.op("take servers out of a group");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = remove(&transaction.db, id, servers, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn server_group_delete(&self, id: ServerGroupId) -> Result<bool> {
        let op = self.op("delete a server group");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = delete(&transaction.db, id, op).await;
            transaction.end(outcome).await
        })
        .await
    }
}

/// Adds the group and charges its project, or does neither.
async fn create_once(store: &SqlStore, group: &ServerGroup, op: Op) -> Result<()> {
    let transaction = store.begin(op).await?;
    let charged = enter(&transaction.db, group, op).await;
    if let Ok(false) = charged {
        transaction.undo().await;
        return Err(refusal(store, &group.project_id, &group.charge(), op).await);
    }
    transaction.end(charged.map(drop)).await
}

/// Returns whether the project could be charged.
async fn enter(db: &impl ConnectionTrait, group: &ServerGroup, op: Op) -> Result<bool> {
    let insert = Entity::insert(row(group));
    match insert.exec_without_returning(db).await {
        Ok(_) => {}
        Err(error) if is_taken(&error) => {
            return Err(Error::already_exists(ObjectKind::ServerGroup, group.id));
        }
        Err(error) => return Err(op.failed(error)),
    }
    let (project, nothing) = (&group.project_id, QuotaCharge::none());
    charge(db, project, &nothing, &group.charge(), op).await
}

/// Removes the group, with its members, and takes its charge off.
async fn delete(db: &impl ConnectionTrait, id: ServerGroupId, op: Op) -> Result<bool> {
    let group = match lock(db, id, op).await {
        Ok(group) => group,
        Err(Error::NotFound { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    let deleted = Entity::delete_by_id(*id.as_uuid()).exec(db).await;
    deleted.map_err(|error| op.failed(error))?;
    let (project, nothing) = (&group.project_id, QuotaCharge::none());
    charge(db, project, &group.charge(), &nothing, op).await?;
    Ok(true)
}

async fn load(db: &impl ConnectionTrait, id: ServerGroupId, op: Op) -> Result<ServerGroup> {
    let found = Entity::find_by_id(*id.as_uuid()).one(db).await;
    match found.map_err(|error| op.failed(error))? {
        Some(row) => with_members(db, row, op).await,
        None => Err(Error::not_found(ObjectKind::ServerGroup, id)),
    }
}

/// Locks the group, so that nobody else adds or removes members.
async fn lock(db: &impl ConnectionTrait, id: ServerGroupId, op: Op) -> Result<ServerGroup> {
    let found = Entity::find_by_id(*id.as_uuid()).lock_exclusive();
    match found.one(db).await.map_err(|error| op.failed(error))? {
        Some(row) => with_members(db, row, op).await,
        None => Err(Error::not_found(ObjectKind::ServerGroup, id)),
    }
}

async fn with_members(db: &impl ConnectionTrait, row: Model, op: Op) -> Result<ServerGroup> {
    let members = members_of(db, &[row.id], op).await?.into_values().next();
    row.into_server_group(members.unwrap_or_default())
        .map_err(|error| op.corrupt(error))
}

async fn members_of(
    db: &impl ConnectionTrait,
    groups: &[Uuid],
    op: Op,
) -> Result<BTreeMap<Uuid, BTreeSet<ServerId>>> {
    let mut members: BTreeMap<Uuid, BTreeSet<ServerId>> = BTreeMap::new();
    for ids in groups.chunks(IDS_AT_ONCE) {
        let rows = member::Entity::find()
            .filter(member::Column::GroupId.is_in(ids.iter().copied()))
            .all(db)
            .await;
        for row in rows.map_err(|error| op.failed(error))? {
            let server = ServerId::from_uuid(row.server_id);
            members.entry(row.group_id).or_default().insert(server);
        }
    }
    Ok(members)
}

async fn list(
    db: &impl ConnectionTrait,
    project: Option<&ProjectId>,
    page: &PageRequest<ServerGroupId>,
    op: Op,
) -> Result<Page<ServerGroup, ServerGroupId>> {
    let mut select = Entity::find();
    if let Some(project) = project {
        select = select.filter(Column::ProjectId.eq(project.as_str()));
    }
    if let Some(marker) = page.marker() {
        select = select.filter(Column::Id.gt(*marker.as_uuid()));
    }
    let rows = select
        .order_by_asc(Column::Id)
        .limit(u64::from(page.limit()) + 1)
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut members = members_of(db, &ids, op).await?;
    let groups = rows.into_iter().map(|row| {
        let members = members.remove(&row.id).unwrap_or_default();
        row.into_server_group(members)
            .map_err(|error| op.corrupt(error))
    });
    cut(groups, page.limit(), |group| group.id)
}

async fn group_of(
    db: &impl ConnectionTrait,
    server: ServerId,
    op: Op,
) -> Result<Option<ServerGroup>> {
    let found = member::Entity::find_by_id(*server.as_uuid()).one(db).await;
    match found.map_err(|error| op.failed(error))? {
        Some(row) => {
            let id = ServerGroupId::from_uuid(row.group_id);
            Ok(Some(load(db, id, op).await?))
        }
        None => Ok(None),
    }
}

async fn add(
    db: &impl ConnectionTrait,
    id: ServerGroupId,
    servers: &BTreeSet<ServerId>,
    max_members: Option<u32>,
    op: Op,
) -> Result<ServerGroup> {
    let mut group = lock(db, id, op).await?;
    let new: Vec<ServerId> = servers.difference(&group.members).copied().collect();
    check_servers(db, &new, op).await?;
    let after = group.members.len() + new.len();
    if let Some(limit) = max_members
        && !new.is_empty()
        && u32::try_from(after).unwrap_or(u32::MAX) > limit
    {
        return Err(Error::limit_exceeded(ObjectKind::Server, id, limit));
    }
    for some in new.chunks(IDS_AT_ONCE) {
        let rows = some.iter().map(|server| member::row(*server, id));
        let inserted = member::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await;
        match inserted {
            Ok(_) => {}
            // Purged, or put into another group, since it was looked at above.
            Err(error) if is_taken(&error) || is_orphan(&error) => return Err(op.interrupted()),
            Err(error) => return Err(op.failed(error)),
        }
    }
    group.members.extend(new);
    Ok(group)
}

/// Whether all servers are there and in no group. What this reads may change until the insertion,
/// which then fails by a key.
async fn check_servers(db: &impl ConnectionTrait, servers: &[ServerId], op: Op) -> Result<()> {
    let mut grouped: Option<member::Model> = None;
    for some in servers.chunks(IDS_AT_ONCE) {
        let ids = || some.iter().map(|server| *server.as_uuid());
        let found: Vec<Uuid> = server::Entity::find()
            .select_only()
            .column(server::Column::Id)
            .filter(server::Column::Id.is_in(ids()))
            .into_tuple()
            .all(db)
            .await
            .map_err(|error| op.failed(error))?;
        let found: BTreeSet<Uuid> = found.into_iter().collect();
        if let Some(missing) = some.iter().find(|id| !found.contains(id.as_uuid())) {
            return Err(Error::not_found(ObjectKind::Server, missing));
        }
        if grouped.is_none() {
            grouped = member::Entity::find()
                .filter(member::Column::ServerId.is_in(ids()))
                .order_by_asc(member::Column::ServerId)
                .one(db)
                .await
                .map_err(|error| op.failed(error))?;
        }
    }
    match grouped {
        Some(row) => {
            let by = format!("it is in server group {}", row.group_id);
            Err(Error::in_use(ObjectKind::Server, row.server_id, by))
        }
        None => Ok(()),
    }
}

async fn remove(
    db: &impl ConnectionTrait,
    id: ServerGroupId,
    servers: &BTreeSet<ServerId>,
    op: Op,
) -> Result<ServerGroup> {
    let mut group = lock(db, id, op).await?;
    let gone: Vec<ServerId> = group.members.intersection(servers).copied().collect();
    for some in gone.chunks(IDS_AT_ONCE) {
        let ids = some.iter().map(|server| *server.as_uuid());
        member::Entity::delete_many()
            .filter(member::Column::GroupId.eq(*id.as_uuid()))
            .filter(member::Column::ServerId.is_in(ids))
            .exec(db)
            .await
            .map_err(|error| op.failed(error))?;
    }
    group.members.retain(|server| !servers.contains(server));
    Ok(group)
}
