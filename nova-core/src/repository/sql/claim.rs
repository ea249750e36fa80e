//! Claims in SQL.
//!
//! Everyone takes the rows in one order: the consumer, then the inventories by host and class,
//! then the allocations. So claims and releases wait for each other but never in a circle.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::entity::{allocation, consumer, host, inventory};
use super::op::{Op, is_taken};
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::HostName;
use crate::model::{Claim, ResourceClass};

/// Holds all that the claim asks for, or nothing.
pub(super) async fn claim_once(store: &SqlStore, claim: &Claim, op: Op) -> Result<()> {
    let transaction = store.begin(op).await?;
    let consumer = consumer::ActiveModel {
        id: Set(*claim.consumer.as_uuid()),
    };
    let begun = consumer::Entity::insert(consumer)
        .exec_without_returning(&transaction.db)
        .await;
    match begun {
        Ok(_) => {
            let outcome = hold(&transaction.db, claim, op).await;
            transaction.end(outcome).await
        }
        Err(error) if is_taken(&error) => {
            // Some databases answer nothing more in a transaction that failed.
            transaction.undo().await;
            compare(store, claim, op).await
        }
        Err(error) => {
            transaction.undo().await;
            Err(op.failed(error))
        }
    }
}

/// The consumer holds something: this very claim, or another.
async fn compare(store: &SqlStore, claim: &Claim, op: Op) -> Result<()> {
    let rows = allocation::Entity::find()
        .filter(allocation::Column::Consumer.eq(*claim.consumer.as_uuid()))
        .all(&store.db)
        .await
        .map_err(|error| op.failed(error))?;
    if rows.is_empty() {
        // Released in between.
        return Err(op.interrupted());
    }
    let held = allocation::held(&rows).map_err(|error| op.corrupt(error))?;
    let held = held.iter().map(|((_, host), resources)| (host, resources));
    if held.eq(claim.resources.iter()) {
        return Ok(());
    }
    Err(Error::AlreadyExists {
        kind: ObjectKind::Allocation,
        id: claim.consumer.to_string(),
    })
}

async fn hold(db: &impl ConnectionTrait, claim: &Claim, op: Op) -> Result<()> {
    for (host, resources) in &claim.resources {
        for (class, requested) in resources.iter() {
            if !take(db, host, class, requested, op).await? {
                return Err(shortage(db, host, class, requested, op).await?);
            }
        }
    }
    allocation::Entity::insert_many(allocation::rows(claim))
        .exec_without_returning(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok(())
}

/// Counts up what is used, if it stays within the capacity.
async fn take(
    db: &impl ConnectionTrait,
    host: &HostName,
    class: &ResourceClass,
    requested: u64,
    op: Op,
) -> Result<bool> {
    let Ok(requested) = i64::try_from(requested) else {
        return Ok(false);
    };
    let used = Expr::col(inventory::Column::Used);
    let left = Expr::col(inventory::Column::Capacity).sub(requested);
    let done = inventory::Entity::update_many()
        .col_expr(inventory::Column::Used, used.clone().add(requested))
        .filter(inventory::Column::Host.eq(host.as_str()))
        .filter(inventory::Column::Class.eq(class.as_str()))
        .filter(used.lte(left))
        .exec(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok(done.rows_affected > 0)
}

/// Why a class could not be taken; an error of its own if it could be by now.
async fn shortage(
    db: &impl ConnectionTrait,
    host: &HostName,
    class: &ResourceClass,
    requested: u64,
    op: Op,
) -> Result<Error> {
    let failed = |error| op.failed(error);
    let key = (host.to_string(), class.to_string());
    let row = inventory::Entity::find_by_id(key)
        .one(db)
        .await
        .map_err(failed)?;
    let available = match row {
        Some(row) => row.available(),
        None => {
            let there = host::Entity::find_by_id(host.as_str())
                .one(db)
                .await
                .map_err(failed)?;
            if there.is_none() {
                return Ok(Error::not_found(ObjectKind::Host, host));
            }
            0
        }
    };
    if available >= requested {
        return Err(op.interrupted());
    }
    let (host, class) = (host.to_string(), class.clone());
    Ok(Error::NoCapacity {
        host,
        class,
        requested,
        available,
    })
}
