//! Servers in SQL.

use async_trait::async_trait;
use sea_orm::{
    ActiveValue, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, UpdateMany,
};
use uuid::Uuid;

use super::charge::{charge, refusal};
use super::entity::server::{ActiveModel, Column, Entity, row};
use super::op::Op;
use super::store::SqlStore;
use super::{server_create, server_list};
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{ProjectId, ServerId};
use crate::model::{Generation, QuotaCharge, Server};
use crate::repository::{Page, PageRequest, ServerBatch, ServerFilter, ServerRepository};

/// How many servers one statement purges: every database takes so many parameters.
const PURGED_AT_ONCE: u64 = 500;

#[async_trait]
impl ServerRepository for SqlStore {
    async fn server_create_batch(&self, batch: &ServerBatch) -> Result<()> {
        server_create::create(self, batch, self.op("create servers")).await
    }

    async fn server_get(&self, id: ServerId) -> Result<Server> {
        self.server_row(id, self.op("read a server")).await
    }

    async fn server_list(
        &self,
        filter: &ServerFilter,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<Server, ServerId>> {
        server_list::page(self, filter, page).await
    }

    async fn server_update(&self, server: &Server) -> Result<Server> {
        let op = self.op("write a server");
        let held = self.server_row(server.id, op).await?;
        if held.generation != server.generation {
            return Err(stale(server.id, server.generation));
        }
        let before = held.charge();
        let written = Server {
            project_id: held.project_id,
            created_at: held.created_at,
            generation: server.generation.next(),
            ..server.clone()
        };
        let row = ActiveModel {
            id: ActiveValue::NotSet,
            project_id: ActiveValue::NotSet,
            created_at: ActiveValue::NotSet,
            ..row(&written)?
        };
        let update = Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(*server.id.as_uuid()))
            .filter(Column::Generation.eq(server.generation.get().cast_signed()));
        let charges = (before, written.charge());
        let done = self
            .retried(|| write(self, &update, &written.project_id, &charges, op))
            .await?;
        if !done {
            // Written or purged since it was read above.
            self.server_row(server.id, op).await?;
            return Err(stale(server.id, server.generation));
        }
        Ok(written)
    }

    async fn server_purge(&self, id: ServerId, generation: Generation) -> Result<bool> {
        let op = self.op("purge a server");
        let delete = Entity::delete_many()
            .filter(Column::Id.eq(*id.as_uuid()))
            .filter(Column::Generation.eq(generation.get().cast_signed()))
            .filter(Column::DeletedAt.is_not_null());
        let done = self
            .retried(|| async {
                let _turn = self.turn().await;
                delete
                    .clone()
                    .exec(&self.db)
                    .await
                    .map_err(|error| op.failed(error))
            })
            .await?;
        if done.rows_affected > 0 {
            return Ok(true);
        }
        match self.server_row(id, op).await {
            Ok(_) => Err(stale(id, generation)),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn server_purge_deleted(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let op = self.op("purge deleted servers");
        let mut purged = 0;
        while purged < u64::from(limit) {
            let wanted = PURGED_AT_ONCE.min(u64::from(limit) - purged);
            let (found, gone) = self.retried(|| self.purge_some(before, wanted, op)).await?;
            purged += gone;
            if found < wanted {
                break;
            }
        }
        Ok(purged)
    }
}

impl SqlStore {
    async fn server_row(&self, id: ServerId, op: Op) -> Result<Server> {
        let found = Entity::find_by_id(*id.as_uuid()).one(&self.db).await;
        match found.map_err(|error| op.failed(error))? {
            Some(row) => row.into_server().map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::Server, id)),
        }
    }

    /// Purges at most so many; returns how many it found, and how many it and nobody else purged.
    async fn purge_some(&self, before: Timestamp, wanted: u64, op: Op) -> Result<(u64, u64)> {
        let _turn = self.turn().await;
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::DeletedAt.lt(before.as_micros()))
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
            .filter(Column::DeletedAt.lt(before.as_micros()))
            .exec(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        Ok((found, done.rows_affected))
    }
}

/// Writes the row, and charges the project with what changed. Returns whether the row was there.
async fn write(
    store: &SqlStore,
    update: &UpdateMany<Entity>,
    project: &ProjectId,
    (before, now): &(QuotaCharge, QuotaCharge),
    op: Op,
) -> Result<bool> {
    let failed = |error| op.failed(error);
    if before == now {
        let _turn = store.turn().await;
        let done = update.clone().exec(&store.db).await.map_err(failed)?;
        return Ok(done.rows_affected > 0);
    }
    let transaction = store.begin(op).await?;
    let done = update.clone().exec(&transaction.db).await.map_err(failed);
    match done {
        Ok(done) if done.rows_affected > 0 => {}
        other => return transaction.end(other.map(|_| false)).await,
    }
    match charge(&transaction.db, project, before, now, op).await {
        Ok(false) => {
            transaction.undo().await;
            Err(refusal(store, project, &now.beyond(before), op).await)
        }
        done => transaction.end(done).await,
    }
}

fn stale(id: ServerId, expected: Generation) -> Error {
    Error::Stale {
        kind: ObjectKind::Server,
        id: id.to_string(),
        expected,
    }
}
