//! Claims in SQL.
//!
//! Everyone takes the rows in one order: the consumers by id, then the hosts by name, then
//! their inventories, then the allocations. So claims and releases wait for each other but never in a circle.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::chunks::chunks;
use super::entity::{allocation, consumer};
use super::op::{Op, is_taken};
use super::store::SqlStore;
use super::used::{self, ByHost};
use crate::error::{Error, ObjectKind, Result};
use crate::id::HostName;
use crate::model::{Claim, Consumer, Resources};

/// Why a transaction is undone.
pub(super) enum Undo {
    /// A key was taken.
    Taken,
    /// This is more than is left.
    Short(ByHost),
    /// It failed.
    Failed(Error),
}

impl From<Error> for Undo {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Holds all that the claim asks for, or nothing.
pub(super) async fn claim_once(store: &SqlStore, claim: &Claim, op: Op) -> Result<()> {
    let transaction = store.begin(op).await?;
    match hold(&transaction.db, &[claim], op).await {
        Ok(()) => transaction.end(Ok(())).await,
        Err(undo) => {
            transaction.undo().await;
            match undo {
                // It holds something: this very claim, or another.
                Undo::Taken => match is_granted(store, claim, op).await? {
                    true => Ok(()),
                    // Released in between.
                    false => Err(op.interrupted()),
                },
                Undo::Short(wanted) => Err(used::shortage(store, &wanted, op).await),
                Undo::Failed(error) => Err(error),
            }
        }
    }
}

/// Holds what the claims ask for.
pub(super) async fn hold(db: &impl ConnectionTrait, claims: &[&Claim], op: Op) -> Result<(), Undo> {
    let mut claims = claims.to_vec();
    claims.sort_unstable_by_key(|claim| *claim.consumer.as_uuid());
    let consumers = claims.iter().map(|claim| consumer::row(claim)).collect();
    for rows in chunks(consumers) {
        let insert = consumer::Entity::insert_many(rows);
        match insert.exec_without_returning(db).await {
            Ok(_) => {}
            Err(error) if is_taken(&error) => return Err(Undo::Taken),
            Err(error) => return Err(Undo::Failed(op.failed(error))),
        }
    }
    let mut wanted = ByHost::new();
    let mut rows = Vec::new();
    for claim in &claims {
        used::add(&mut wanted, &claim.resources);
        rows.extend(allocation::rows(
            *claim.consumer.as_uuid(),
            &claim.resources,
        ));
    }
    if !used::take(db, &wanted, op).await? {
        return Err(Undo::Short(wanted));
    }
    Ok(enter(db, rows, op).await?)
}

/// Adds rows of allocations.
pub(super) async fn enter(
    db: &impl ConnectionTrait,
    rows: Vec<allocation::ActiveModel>,
    op: Op,
) -> Result<()> {
    for rows in chunks(rows) {
        allocation::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await
            .map_err(|error| op.failed(error))?;
    }
    Ok(())
}

/// Whether the claim was granted already; refused if its consumer holds something else.
pub(super) async fn is_granted(store: &SqlStore, claim: &Claim, op: Op) -> Result<bool> {
    let transaction = store.begin_read(op).await?;
    let id = *claim.consumer.as_uuid();
    let found = holding(&transaction.db, id, op).await;
    match transaction.end(found).await? {
        None => Ok(false),
        Some((consumer, held))
            if consumer.consumer() == claim.consumer
                && consumer.request_id.as_deref() == Some(claim.request.as_str())
                && held == claim.resources =>
        {
            Ok(true)
        }
        Some(_) => Err(taken(claim.consumer)),
    }
}

/// A consumer and what it holds, if it holds anything.
pub(super) async fn holding(
    db: &impl ConnectionTrait,
    id: Uuid,
    op: Op,
) -> Result<Option<(consumer::Model, BTreeMap<HostName, Resources>)>> {
    let found = consumer::Entity::find_by_id(id).one(db).await;
    match found.map_err(|error| op.failed(error))? {
        Some(consumer) => Ok(Some((consumer, held_by(db, id, op).await?))),
        None => Ok(None),
    }
}

/// What a consumer holds, by host.
pub(super) async fn held_by(
    db: &impl ConnectionTrait,
    id: Uuid,
    op: Op,
) -> Result<BTreeMap<HostName, Resources>> {
    let rows = allocation::Entity::find()
        .filter(allocation::Column::Consumer.eq(id))
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    let held = allocation::held(&rows).map_err(|error| op.corrupt(error))?;
    Ok(held
        .into_iter()
        .map(|((_, host), held)| (host, held))
        .collect())
}

/// The error for a consumer that holds something else.
pub(super) fn taken(consumer: Consumer) -> Error {
    Error::already_exists(ObjectKind::Allocation, consumer)
}
