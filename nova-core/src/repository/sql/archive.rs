//! The archive in SQL.

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use uuid::Uuid;

use super::archived_children::Children;
use super::entity::archived_server::{Column, Entity, row};
use super::entity::server;
use super::op::Op;
use super::server_list::cut;
use super::server_removal::{longest_deleted, removable};
use super::store::SqlStore;
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{ProjectId, ServerId};
use crate::model::ArchivedServer;
use crate::repository::{ArchiveRepository, Page, PageRequest};

/// How many servers one transaction moves. Their records are in memory meanwhile.
const MOVED_AT_ONCE: u64 = 100;
/// How many records one statement removes: every database takes so many parameters.
const PURGED_AT_ONCE: u64 = 500;

#[async_trait]
impl ArchiveRepository for SqlStore {
    async fn archive_servers(&self, before: Timestamp, now: Timestamp, limit: u32) -> Result<u64> {
        let op = self.op("archive deleted servers");
        let mut archived = 0;
        while archived < u64::from(limit) {
            let wanted = MOVED_AT_ONCE.min(u64::from(limit) - archived);
            let moved = self
                .retried(|| async {
                    let transaction = self.begin(op).await?;
                    let outcome = move_some(&transaction.db, before, now, wanted, op).await;
                    transaction.end(outcome).await
                })
                .await?;
            archived += moved;
            // Fewer than wanted may mean that another archived at the same time.
            if moved == 0 {
                break;
            }
        }
        Ok(archived)
    }

    async fn archived_get(&self, id: ServerId) -> Result<ArchivedServer> {
        let op = self.op("read an archived server");
        let found = Entity::find_by_id(*id.as_uuid()).one(&self.db).await;
        match found.map_err(|error| op.failed(error))? {
            Some(row) => row.into_archived().map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::Server, id)),
        }
    }

    async fn archived_list(
        &self,
        project: Option<&ProjectId>,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<ArchivedServer, ServerId>> {
        let op = self.op("list archived servers");
        let rows = select_archived(self, project, page, op)
            .await?
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let archived = rows
            .into_iter()
            .map(|row| row.into_archived().map_err(|e| op.corrupt(e)));
        cut(archived, page.limit(), |archived| archived.server.id)
    }

    async fn archive_purge(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let op = self.op("purge archived servers");
        let mut purged = 0;
        while purged < u64::from(limit) {
            let wanted = PURGED_AT_ONCE.min(u64::from(limit) - purged);
            let (found, gone) = self
                .retried(|| self.purge_archived(before, wanted, op))
                .await?;
            purged += gone;
            if found < wanted {
                break;
            }
        }
        Ok(purged)
    }
}

/// The statement that reads a page, and one server more to know whether there is another.
pub(super) async fn select_archived(
    store: &SqlStore,
    project: Option<&ProjectId>,
    page: &PageRequest<ServerId>,
    op: Op,
) -> Result<Select<Entity>> {
    let mut condition =
        Condition::all().add_option(project.map(|project| Column::ProjectId.eq(project.as_str())));
    if let Some(marker) = page.marker() {
        let id = *marker.as_uuid();
        let deleted_at: Option<i64> = Entity::find_by_id(id)
            .select_only()
            .column(Column::DeletedAt)
            .into_tuple()
            .one(&store.db)
            .await
            .map_err(|error| op.failed(error))?;
        let Some(deleted_at) = deleted_at else {
            return Err(Error::not_found(ObjectKind::Server, marker));
        };
        // The first condition is for the index, the second for those of the same instant.
        condition = condition.add(Column::DeletedAt.gte(deleted_at)).add(
            Condition::any()
                .add(Column::DeletedAt.gt(deleted_at))
                .add(Column::Id.gt(id)),
        );
    }
    Ok(Entity::find()
        .filter(condition)
        .order_by_asc(Column::DeletedAt)
        .order_by_asc(Column::Id)
        .limit(u64::from(page.limit()) + 1))
}

impl SqlStore {
    /// Purges at most so many; returns how many it found, and how many it and nobody else purged.
    async fn purge_archived(&self, before: Timestamp, wanted: u64, op: Op) -> Result<(u64, u64)> {
        let _turn = self.turn().await;
        let deleted_before = Column::DeletedAt.lt(before.as_micros());
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(deleted_before.clone())
            .order_by_asc(Column::DeletedAt)
            .order_by_asc(Column::Id)
            .limit(wanted)
            .into_tuple()
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let found = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        if ids.is_empty() {
            return Ok((0, 0));
        }
        let done = Entity::delete_many()
            .filter(Column::Id.is_in(ids))
            .filter(deleted_before)
            .exec(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        Ok((found, done.rows_affected))
    }
}

/// Moves at most so many; returns how many. The servers' rows are taken first, in the order of
/// their deletion, then those that belong to them.
async fn move_some(
    db: &impl ConnectionTrait,
    before: Timestamp,
    now: Timestamp,
    wanted: u64,
    op: Op,
) -> Result<u64> {
    let failed = |error| op.failed(error);
    let rows = longest_deleted(before, wanted)
        .lock_exclusive()
        .all(db)
        .await
        .map_err(failed)?;
    if rows.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut children = Children::read(db, &ids, op).await?;
    // What an earlier server of the same id left.
    Entity::delete_many()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(db)
        .await
        .map_err(failed)?;
    for found in rows {
        let server = found.into_server().map_err(|error| op.corrupt(error))?;
        let archived = row(&children.join(server, now))?;
        // One by one: a record may be as long as a statement may be.
        Entity::insert(archived)
            .exec_without_returning(db)
            .await
            .map_err(failed)?;
    }
    let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    let done = server::Entity::delete_many()
        .filter(server::Column::Id.is_in(ids))
        .filter(removable(before))
        .exec(db)
        .await
        .map_err(failed)?;
    if done.rows_affected != count {
        // One of them claimed something since.
        return Err(op.interrupted());
    }
    Ok(count)
}
