//! Servers in SQL.
//!
//! A server's row is taken first, then those that belong to it.

use async_trait::async_trait;
use sea_orm::{
    ActiveValue, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::charge::{charge, refusal};
use super::entity::consumer;
use super::entity::server::{ActiveModel, Column, Entity, Placed, row};
use super::op::Op;
use super::server_removal::{holds_nothing, longest_deleted, removable};
use super::store::SqlStore;
use super::{server_create, server_list, server_tags};
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ServerId;
use crate::model::{Generation, Server};
use crate::repository::{
    Page, PageRequest, ServerBatch, ServerFilter, ServerRepository, ServerSort,
};

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
        sort: ServerSort,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<Server, ServerId>> {
        server_list::page(self, filter, sort, page).await
    }

    async fn server_update(&self, server: &Server) -> Result<Server> {
        let op = self.op("write a server");
        let held = self.server_row(server.id, op).await?;
        if held.generation != server.generation {
            return Err(stale(server.id, server.generation));
        }
        let written = Server {
            project_id: held.project_id.clone(),
            created_at: held.created_at,
            generation: server.generation.next(),
            ..server.clone()
        };
        let write = || async {
            // A second time where a project is charged for the first time.
            match self.write(&held, &written, op).await {
                Err(error) if op.is_interrupted(&error) => self.write(&held, &written, op).await,
                done => done,
            }
        };
        let done = self.retried(write).await?;
        if !done {
            // Written or purged since it was read above.
            self.server_row(server.id, op).await?;
            return Err(stale(server.id, server.generation));
        }
        Ok(written)
    }

    async fn server_purge(&self, id: ServerId, generation: Generation) -> Result<bool> {
        let op = self.op("purge a server");
        self.retried(|| self.purge_one(id, generation, op)).await
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
        let found = Entity::find_by_id(*id.as_uuid())
            .into_model::<Placed>()
            .one(&self.db)
            .await;
        match found.map_err(|error| op.failed(error))? {
            Some(Placed(row)) => row.into_server().map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::Server, id)),
        }
    }

    /// Writes a server and what goes with the change, if the store still holds `held`; returns
    /// whether it did. A change of the row alone is one statement.
    async fn write(&self, held: &Server, written: &Server, op: Op) -> Result<bool> {
        let change = change(held, written)?;
        let (before, now) = (held.charge(), written.charge());
        if held.tags == written.tags && before == now {
            let _turn = self.turn().await;
            return update(&self.db, change, held, op).await;
        }
        let transaction = self.begin(op).await?;
        let db = &transaction.db;
        let outcome = async {
            // From here on the row is ours, and `held` is what it was.
            if !update(db, change, held, op).await? {
                return Ok(Written::Stale);
            }
            server_tags::replace(db, held.id, &held.tags, &written.tags, op).await?;
            match charge(db, &held.project_id, &before, &now, op).await? {
                true => Ok(Written::Done),
                false => Ok(Written::Refused),
            }
        };
        match outcome.await {
            Ok(Written::Refused) => {
                transaction.undo().await;
                Err(refusal(self, &held.project_id, &now.beyond(&before), op).await)
            }
            other => {
                let done = other.map(|written| written == Written::Done);
                transaction.end(done).await
            }
        }
    }

    async fn purge_one(&self, id: ServerId, generation: Generation, op: Op) -> Result<bool> {
        let delete = Entity::delete_many()
            .filter(Column::Id.eq(*id.as_uuid()))
            .filter(Column::Generation.eq(generation.get().cast_signed()))
            .filter(Column::DeletedAt.is_not_null())
            .filter(holds_nothing());
        let done = {
            let _turn = self.turn().await;
            delete.exec(&self.db).await
        };
        if done.map_err(|error| op.failed(error))?.rows_affected > 0 {
            return Ok(true);
        }
        let held = match self.server_row(id, op).await {
            Ok(held) => held,
            Err(error) if error.is_not_found() => return Ok(false),
            Err(error) => return Err(error),
        };
        if held.deleted_at.is_none() || held.generation != generation {
            return Err(stale(id, generation));
        }
        let holds = consumer::Entity::find()
            .filter(
                Condition::any()
                    .add(consumer::Column::Id.eq(*id.as_uuid()))
                    .add(consumer::Column::ServerId.eq(*id.as_uuid())),
            )
            .one(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        Err(match holds {
            Some(_) => Error::in_use(ObjectKind::Server, id, "it holds resources on a host"),
            // Released in between.
            None => op.interrupted(),
        })
    }

    /// Purges at most so many; returns how many it found, and how many it and nobody else purged.
    async fn purge_some(&self, before: Timestamp, wanted: u64, op: Op) -> Result<(u64, u64)> {
        let transaction = self.begin(op).await?;
        let outcome = purge(&transaction.db, before, wanted, op).await;
        transaction.end(outcome).await
    }
}

/// Locks those that it purges in the order in which they are archived.
async fn purge(
    db: &impl ConnectionTrait,
    before: Timestamp,
    wanted: u64,
    op: Op,
) -> Result<(u64, u64)> {
    let ids: Vec<Uuid> = longest_deleted(before, wanted)
        .select_only()
        .column(Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    let found = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    if ids.is_empty() {
        return Ok((0, 0));
    }
    let done = Entity::delete_many()
        .filter(Column::Id.is_in(ids))
        .filter(removable(before))
        .exec(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok((found, done.rows_affected))
}

/// What became of a write.
#[derive(PartialEq, Eq)]
enum Written {
    Done,
    /// The store holds something else.
    Stale,
    /// The quota does not allow it.
    Refused,
}

/// The columns to write.
fn change(held: &Server, written: &Server) -> Result<ActiveModel> {
    let mut change = ActiveModel {
        id: ActiveValue::NotSet,
        project_id: ActiveValue::NotSet,
        created_at: ActiveValue::NotSet,
        ..row(written)?
    };
    if held.user_data == written.user_data {
        // It is large and hardly ever changes.
        change.user_data = ActiveValue::NotSet;
    }
    Ok(change)
}

/// Writes the row if it has the generation of `held` yet; returns whether it did.
async fn update(
    db: &impl ConnectionTrait,
    change: ActiveModel,
    held: &Server,
    op: Op,
) -> Result<bool> {
    let done = Entity::update_many()
        .set(change)
        .filter(Column::Id.eq(*held.id.as_uuid()))
        .filter(Column::Generation.eq(held.generation.get().cast_signed()))
        .exec(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok(done.rows_affected > 0)
}

fn stale(id: ServerId, expected: Generation) -> Error {
    Error::stale(ObjectKind::Server, id, expected)
}
