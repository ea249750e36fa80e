//! Who works on long operations, in SQL.

use std::time::Duration;

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, LockBehavior, LockType};
use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entity::operation::{ActiveModel, Column, Entity, UNLEASED, runnable};
use super::op::Op;
use super::store::SqlStore;
use crate::env::Timestamp;
use crate::error::Result;
use crate::id::{OperationId, RoleName};
use crate::model::OperationRecord;
use crate::repository::MAX_ACQUIRED;
use crate::repository::operations::{Head, check_takeable, lost, released, taken};

/// Moves the end of a lease.
pub(super) async fn renew(
    store: &SqlStore,
    record: &OperationRecord,
    owner: &RoleName,
    until: Timestamp,
) -> Result<Timestamp> {
    let op = store.op("renew a lease");
    let update = Entity::update_many()
        .col_expr(Column::LeaseUntil, Expr::value(until.as_micros()))
        .filter(Column::Id.eq(*record.id.as_uuid()))
        .filter(Column::Owner.eq(owner.as_str()))
        .filter(Column::Attempts.eq(i64::from(record.attempts)));
    let done = store
        .retried(|| async {
            let _turn = store.turn().await;
            let done = update.clone().exec(&store.db).await;
            done.map_err(|error| op.failed(error))
        })
        .await?;
    if done.rows_affected == 0 {
        store.operation_head(record.id, op).await?;
        return Err(lost(record));
    }
    Ok(until)
}

/// Takes over what is free.
pub(super) async fn acquire(
    store: &SqlStore,
    owner: &RoleName,
    now: Timestamp,
    lease: Duration,
    limit: u32,
) -> Result<Vec<OperationRecord>> {
    let op = store.op("acquire operations");
    let limit = u64::from(Ord::min(limit, MAX_ACQUIRED));
    if limit == 0 {
        return Ok(Vec::new());
    }
    store
        .retried(|| async {
            let transaction = store.begin(op).await?;
            let outcome = acquire_in(&transaction.db, owner, now, lease, limit, op).await;
            transaction.end(outcome).await
        })
        .await
}

async fn acquire_in(
    db: &impl ConnectionTrait,
    owner: &RoleName,
    now: Timestamp,
    lease: Duration,
    limit: u64,
    op: Op,
) -> Result<Vec<OperationRecord>> {
    // Locked: until the end of the transaction nobody else gets or writes them.
    let free = Entity::find()
        // Which says nothing new, but has an index in the order: it ends at the limit.
        .filter(Column::Unfinished.eq(true))
        .filter(Column::State.is_in(runnable()))
        .filter(Column::LeaseUntil.lte(now.as_micros()))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .limit(limit)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    let mut acquired = Vec::with_capacity(free.len());
    for row in free {
        let held = row.into_record().map_err(|error| op.corrupt(error))?;
        acquired.push(taken(held, owner, now, lease));
    }
    if acquired.is_empty() {
        return Ok(acquired);
    }
    let until = now.saturating_add(lease);
    Entity::update_many()
        .col_expr(Column::Owner, Expr::value(owner.as_str()))
        .col_expr(Column::LeaseUntil, Expr::value(until.as_micros()))
        .col_expr(Column::Attempts, one_more())
        .col_expr(Column::Generation, Expr::col(Column::Generation).add(1))
        .filter(Column::Id.is_in(acquired.iter().map(|record| *record.id.as_uuid())))
        .exec(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok(acquired)
}

/// One attempt more, as far as they are counted.
fn one_more() -> Expr {
    let most = i64::from(u32::MAX);
    CaseStatement::new()
        .case(Column::Attempts.gte(most), Expr::value(most))
        .finally(Expr::col(Column::Attempts).add(1))
        .into()
}

/// Takes over one record.
pub(super) async fn take(
    store: &SqlStore,
    id: OperationId,
    owner: &RoleName,
    now: Timestamp,
    lease: Duration,
) -> Result<OperationRecord> {
    let op = store.op("take an operation over");
    store
        .retried(|| async {
            let held = store.operation_row(id, op).await?;
            check_takeable(&held, now)?;
            let update = Entity::update_many()
                .filter(Column::Id.eq(*id.as_uuid()))
                .filter(Column::Generation.eq(held.generation.get().cast_signed()))
                // A renewal leaves the generation as it is.
                .filter(Column::LeaseUntil.eq(lease_until(&held)));
            let written = taken(held, owner, now, lease);
            let update = update.set(ActiveModel {
                owner: ActiveValue::Set(Some(owner.to_string())),
                lease_until: ActiveValue::Set(lease_until(&written)),
                attempts: ActiveValue::Set(i64::from(written.attempts)),
                generation: ActiveValue::Set(written.generation.get().cast_signed()),
                ..ActiveModel::default()
            });
            let _turn = store.turn().await;
            let done = update.exec(&store.db).await;
            match done.map_err(|error| op.failed(error))?.rows_affected {
                0 => Err(op.interrupted()),
                _ => Ok(written),
            }
        })
        .await
}

/// Gives up a lease.
pub(super) async fn release(
    store: &SqlStore,
    record: &OperationRecord,
    owner: &RoleName,
) -> Result<OperationRecord> {
    let op = store.op("release an operation");
    let held = store.operation_row(record.id, op).await?;
    Head::of(&held).check_owner(record, owner)?;
    let written = released(held);
    let row = ActiveModel {
        owner: ActiveValue::Set(None),
        lease_until: ActiveValue::Set(UNLEASED),
        generation: ActiveValue::Set(written.generation.get().cast_signed()),
        ..ActiveModel::default()
    };
    if store.write_owned(record, owner, row, op).await? == 0 {
        // Written or purged since it was read above.
        store.operation_head(record.id, op).await?;
        return Err(lost(record));
    }
    Ok(written)
}

fn lease_until(record: &OperationRecord) -> i64 {
    record
        .lease
        .as_ref()
        .map_or(UNLEASED, |lease| lease.until.as_micros())
}
