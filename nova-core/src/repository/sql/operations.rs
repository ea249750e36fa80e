//! Long operations in SQL. How they are taken over is in `operation_leases`.

use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ActiveValue, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::entity::operation::{ActiveModel, Column, Entity, HEAD, HeadRow, head, row};
use super::op::{Op, is_taken};
use super::operation_leases;
use super::store::SqlStore;
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{OperationId, RoleName};
use crate::model::OperationRecord;
use crate::repository::operations::{Head, lost};
use crate::repository::{OperationFilter, OperationRepository, Page, PageRequest};

/// How many records one statement purges: every database takes so many parameters.
const PURGED_AT_ONCE: u64 = 500;

#[async_trait]
impl OperationRepository for SqlStore {
    async fn operation_create(&self, record: &OperationRecord) -> Result<()> {
        let op = self.op("create an operation");
        let row = row(record)?;
        self.retried(|| async {
            let _turn = self.turn().await;
            let insert = Entity::insert(row.clone());
            match insert.exec_without_returning(&self.db).await {
                Ok(_) => Ok(()),
                Err(error) if is_taken(&error) => {
                    Err(Error::already_exists(ObjectKind::Operation, record.id))
                }
                Err(error) => Err(op.failed(error)),
            }
        })
        .await
    }

    async fn operation_get(&self, id: OperationId) -> Result<OperationRecord> {
        self.operation_row(id, self.op("read an operation")).await
    }

    async fn operation_save(
        &self,
        record: &OperationRecord,
        owner: &RoleName,
    ) -> Result<OperationRecord> {
        let op = self.op("save an operation");
        let held = self.operation_head(record.id, op).await?;
        let written = held.saved(record, owner)?;
        // A lease that goes on is not written: it may be renewed meanwhile.
        let mut row = ActiveModel {
            id: ActiveValue::NotSet,
            kind: ActiveValue::NotSet,
            server_id: ActiveValue::NotSet,
            request_id: ActiveValue::NotSet,
            attempts: ActiveValue::NotSet,
            created_at: ActiveValue::NotSet,
            ..row(&written)?
        };
        if written.lease.is_some() {
            row.owner = ActiveValue::NotSet;
            row.lease_until = ActiveValue::NotSet;
        }
        if self.write_owned(record, owner, row, op).await? == 0 {
            // Written or purged since it was read above.
            self.operation_head(record.id, op).await?;
            return Err(lost(record));
        }
        Ok(written)
    }

    async fn operation_renew(
        &self,
        record: &OperationRecord,
        owner: &RoleName,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Timestamp> {
        operation_leases::renew(self, record, owner, now.saturating_add(lease)).await
    }

    async fn operation_acquire(
        &self,
        owner: &RoleName,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<OperationRecord>> {
        operation_leases::acquire(self, owner, now, lease, limit).await
    }

    async fn operation_take(
        &self,
        id: OperationId,
        owner: &RoleName,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OperationRecord> {
        operation_leases::take(self, id, owner, now, lease).await
    }

    async fn operation_release(
        &self,
        record: &OperationRecord,
        owner: &RoleName,
    ) -> Result<OperationRecord> {
        operation_leases::release(self, record, owner).await
    }

    async fn operation_list(
        &self,
        filter: &OperationFilter,
        page: &PageRequest<OperationId>,
    ) -> Result<Page<OperationRecord, OperationId>> {
        let op = self.op("list operations");
        let mut condition = condition(filter);
        if let Some(marker) = page.marker() {
            let created_at = self.operation_head(*marker, op).await?.created_at;
            // The first condition is for the index, the second for those of the same instant.
            condition = condition
                .add(Column::CreatedAt.gte(created_at.as_micros()))
                .add(
                    Condition::any()
                        .add(Column::CreatedAt.gt(created_at.as_micros()))
                        .add(Column::Id.gt(*marker.as_uuid())),
                );
        }
        let rows = Entity::find()
            .filter(condition)
            .order_by_asc(Column::CreatedAt)
            .order_by_asc(Column::Id)
            .limit(u64::from(page.limit()) + 1)
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let records = rows
            .into_iter()
            .map(|row| row.into_record().map_err(|e| op.corrupt(e)));
        super::server_list::cut(records, page.limit(), |record| record.id)
    }

    async fn operation_purge_finished(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let op = self.op("purge finished operations");
        let mut purged = 0;
        while purged < u64::from(limit) {
            let wanted = PURGED_AT_ONCE.min(u64::from(limit) - purged);
            let (found, gone) = self
                .retried(|| self.purge_some_operations(before, wanted, op))
                .await?;
            purged += gone;
            if found < wanted {
                break;
            }
        }
        Ok(purged)
    }
}

impl SqlStore {
    pub(super) async fn operation_row(&self, id: OperationId, op: Op) -> Result<OperationRecord> {
        let found = Entity::find_by_id(*id.as_uuid()).one(&self.db).await;
        match found.map_err(|error| op.failed(error))? {
            Some(row) => row.into_record().map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::Operation, id)),
        }
    }

    pub(super) async fn operation_head(&self, id: OperationId, op: Op) -> Result<Head> {
        let found: Option<HeadRow> = Entity::find_by_id(*id.as_uuid())
            .select_only()
            .columns(HEAD)
            .into_tuple()
            .one(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        match found {
            Some(row) => head(row).map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::Operation, id)),
        }
    }

    /// Writes if the record is as it was read and leased by the owner; returns how many it wrote.
    pub(super) async fn write_owned(
        &self,
        record: &OperationRecord,
        owner: &RoleName,
        row: ActiveModel,
        op: Op,
    ) -> Result<u64> {
        let update = Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(*record.id.as_uuid()))
            .filter(Column::Generation.eq(record.generation.get().cast_signed()))
            .filter(Column::Owner.eq(owner.as_str()));
        self.retried(|| async {
            let _turn = self.turn().await;
            let done = update.clone().exec(&self.db).await;
            Ok(done.map_err(|error| op.failed(error))?.rows_affected)
        })
        .await
    }

    /// Purges at most so many; returns how many it found, and how many it and nobody else purged.
    async fn purge_some_operations(
        &self,
        before: Timestamp,
        wanted: u64,
        op: Op,
    ) -> Result<(u64, u64)> {
        let _turn = self.turn().await;
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::FinishedAt.lt(before.as_micros()))
            .order_by_asc(Column::FinishedAt)
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
        // A finished record never changes, so these still are.
        let done = Entity::delete_many()
            .filter(Column::Id.is_in(ids))
            .filter(Column::FinishedAt.lt(before.as_micros()))
            .exec(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        Ok((found, done.rows_affected))
    }
}

fn condition(filter: &OperationFilter) -> Condition {
    let OperationFilter {
        unfinished,
        state,
        kind,
        server,
        owner,
    } = filter;
    Condition::all()
        .add_option(unfinished.then(|| Column::Unfinished.eq(true)))
        .add_option(state.map(|state| Column::State.eq(state.as_str())))
        .add_option(kind.as_ref().map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(server.map(|server| Column::ServerId.eq(*server.as_uuid())))
        .add_option(owner.as_ref().map(|owner| Column::Owner.eq(owner.as_str())))
}
