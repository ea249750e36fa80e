//! Moves of claims in SQL.

use std::collections::BTreeMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::claim::{Undo, enter, held_by, taken};
use super::entity::{allocation, consumer};
use super::op::{Op, is_taken};
use super::store::SqlStore;
use super::used;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{MigrationId, ServerId};
use crate::model::ClaimMove;
use crate::repository::allocations::not_its_migration;

/// Hands what the server holds to the migration and holds the rest, or changes nothing.
pub(super) async fn move_once(store: &SqlStore, claim: &ClaimMove, op: Op) -> Result<()> {
    let transaction = store.begin(op).await?;
    match hand_over(&transaction.db, claim, op).await {
        Ok(()) => transaction.end(Ok(())).await,
        Err(undo) => {
            transaction.undo().await;
            Err(match undo {
                Undo::Taken => op.interrupted(),
                Undo::Short(wanted) => used::shortage(store, &wanted, op).await,
                Undo::Failed(error) => error,
            })
        }
    }
}

async fn hand_over(db: &impl ConnectionTrait, claim: &ClaimMove, op: Op) -> Result<(), Undo> {
    let failed = |error| Undo::Failed(op.failed(error));
    let (server, migration) = (*claim.server.as_uuid(), *claim.migration.as_uuid());
    let mut consumers = locked(db, server, migration, op).await?;
    let source = consumers.remove(&server);
    if let Some(held) = consumers.remove(&migration) {
        let same = source
            .is_some_and(|source| source.request_id.as_deref() == Some(claim.request.as_str()))
            && held.server_id == Some(server)
            && held_by(db, server, op).await? == claim.resources;
        return match same {
            true => Ok(()),
            false => Err(taken(claim.migration.into()).into()),
        };
    }
    let Some(source) = source else {
        return Err(Error::not_found(ObjectKind::Allocation, claim.server).into());
    };
    let successor = consumer::ActiveModel {
        id: Set(migration),
        server_id: Set(Some(server)),
        request_id: Set(source.request_id),
    };
    match consumer::Entity::insert(successor)
        .exec_without_returning(db)
        .await
    {
        Ok(_) => {}
        Err(error) if is_taken(&error) => return Err(Undo::Taken),
        Err(error) => return Err(failed(error)),
    }
    rename(db, server, migration, op).await?;
    consumer::Entity::update_many()
        .col_expr(
            consumer::Column::RequestId,
            Expr::value(claim.request.as_str()),
        )
        .filter(consumer::Column::Id.eq(server))
        .exec(db)
        .await
        .map_err(failed)?;
    let wanted = used::of_one(&claim.resources);
    if !used::take(db, &wanted, op).await? {
        return Err(Undo::Short(wanted));
    }
    Ok(enter(db, allocation::rows(server, &claim.resources), op).await?)
}

/// Gives back what the server holds and hands it what the migration holds.
pub(super) async fn move_back(
    db: &impl ConnectionTrait,
    server: ServerId,
    migration: MigrationId,
    op: Op,
) -> Result<bool> {
    let failed = |error| op.failed(error);
    let (server_id, migration_id) = (*server.as_uuid(), *migration.as_uuid());
    let mut consumers = locked(db, server_id, migration_id, op).await?;
    let Some(held) = consumers.remove(&migration_id) else {
        return Ok(false);
    };
    if held.server_id != Some(server_id) {
        return Err(not_its_migration(migration));
    }
    if consumers.contains_key(&server_id) {
        let now = used::of_one(&held_by(db, server_id, op).await?);
        used::give_back(db, &now, op).await?;
        allocation::Entity::delete_many()
            .filter(allocation::Column::Consumer.eq(server_id))
            .exec(db)
            .await
            .map_err(failed)?;
        consumer::Entity::update_many()
            .col_expr(consumer::Column::RequestId, Expr::value(held.request_id))
            .filter(consumer::Column::Id.eq(server_id))
            .exec(db)
            .await
            .map_err(failed)?;
    } else {
        let returned = consumer::ActiveModel {
            id: Set(server_id),
            server_id: Set(None),
            request_id: Set(held.request_id),
        };
        match consumer::Entity::insert(returned)
            .exec_without_returning(db)
            .await
        {
            Ok(_) => {}
            // It claimed in between: all again.
            Err(error) if is_taken(&error) => return Err(op.interrupted()),
            Err(error) => return Err(failed(error)),
        }
    }
    rename(db, migration_id, server_id, op).await?;
    consumer::Entity::delete_by_id(migration_id)
        .exec(db)
        .await
        .map_err(failed)?;
    Ok(true)
}

/// Those of the two consumers that hold anything, locked.
async fn locked(
    db: &impl ConnectionTrait,
    one: Uuid,
    other: Uuid,
    op: Op,
) -> Result<BTreeMap<Uuid, consumer::Model>> {
    let rows = consumer::Entity::find()
        .filter(consumer::Column::Id.is_in([one, other]))
        .order_by_asc(consumer::Column::Id)
        .lock_exclusive()
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Makes what one consumer holds another's.
async fn rename(db: &impl ConnectionTrait, from: Uuid, to: Uuid, op: Op) -> Result<()> {
    allocation::Entity::update_many()
        .col_expr(allocation::Column::Consumer, Expr::value(to))
        .filter(allocation::Column::Consumer.eq(from))
        .exec(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok(())
}
