//! Counting what is used of a host: in the rows of its inventories, beside what it offers.
//!
//! One row more, of a class that no resource has, counts the consumers. Where a database goes
//! through the rows of one statement in any order, it is locked before the others, host by host in
//! the order of their names, so that no two transactions wait for each other.

use std::collections::BTreeMap;

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::entity::inventory::{CONSUMERS, Column, Entity};
use super::op::Op;
use super::store::SqlStore;
use super::{entity, inventories};
use crate::error::{Error, ObjectKind, Result};
use crate::id::HostName;
use crate::model::Resources;

/// How many hosts one statement counts for.
const HOSTS_AT_ONCE: usize = 32;
/// How many hosts one statement locks.
const HOSTS_LOCKED_AT_ONCE: usize = 500;

/// What is taken from a host, or given back to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) resources: Resources,
    pub(super) consumers: u64,
}

/// What is taken or given back, by host.
pub(super) type ByHost = BTreeMap<HostName, Amounts>;

/// The amounts of one consumer.
pub(super) fn of_one<'a>(held: impl IntoIterator<Item = (&'a HostName, &'a Resources)>) -> ByHost {
    let mut amounts = ByHost::new();
    add(&mut amounts, held);
    amounts
}

/// Adds those of one consumer.
pub(super) fn add<'a>(
    amounts: &mut ByHost,
    held: impl IntoIterator<Item = (&'a HostName, &'a Resources)>,
) {
    for (host, resources) in held {
        let sum = amounts.entry(host.clone()).or_default();
        sum.resources.add(resources);
        sum.consumers += 1;
    }
}

/// Counts up what is used of every host and class, if it stays within the capacity. Otherwise
/// returns `false`, and the transaction must be undone.
///
/// The hosts are locked in the order of their names, by everyone.
pub(super) async fn take(db: &impl ConnectionTrait, wanted: &ByHost, op: Op) -> Result<bool> {
    lock(db, wanted.keys(), op).await?;
    let hosts: Vec<_> = wanted.iter().collect();
    for hosts in hosts.chunks(HOSTS_AT_ONCE) {
        let Some(rows) = rows(hosts) else {
            return Ok(false);
        };
        let used = Expr::col(Column::Used);
        let done = Entity::update_many()
            .col_expr(Column::Used, used.clone().add(rows.amount.clone()))
            .filter(rows.are)
            .filter(used.lte(Expr::col(Column::Capacity).sub(rows.amount)))
            .exec(db)
            .await
            .map_err(|error| op.failed(error))?;
        if done.rows_affected < rows.count {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Counts down what is used.
pub(super) async fn give_back(db: &impl ConnectionTrait, held: &ByHost, op: Op) -> Result<()> {
    lock(db, held.keys(), op).await?;
    let hosts: Vec<_> = held.iter().collect();
    for hosts in hosts.chunks(HOSTS_AT_ONCE) {
        let Some(rows) = rows(hosts) else {
            return Err(op.corrupt("more is held than a number can say"));
        };
        Entity::update_many()
            .col_expr(Column::Used, Expr::col(Column::Used).sub(rows.amount))
            .filter(rows.are)
            .exec(db)
            .await
            .map_err(|error| op.failed(error))?;
    }
    Ok(())
}

/// Keeps others from counting on these hosts until the transaction ends.
pub(super) async fn lock<'a>(
    db: &impl ConnectionTrait,
    hosts: impl Iterator<Item = &'a HostName>,
    op: Op,
) -> Result<()> {
    if db.get_database_backend() != DbBackend::Postgres {
        // On SQLite whoever writes is alone; MySQL goes through rows by their key.
        return Ok(());
    }
    let hosts: Vec<&str> = hosts.map(HostName::as_str).collect();
    for hosts in hosts.chunks(HOSTS_LOCKED_AT_ONCE) {
        let _: Vec<String> = Entity::find()
            .select_only()
            .column(Column::Host)
            .filter(Column::Host.is_in(hosts.iter().copied()))
            .filter(Column::Class.eq(CONSUMERS))
            .order_by_asc(Column::Host)
            .lock_exclusive()
            .into_tuple()
            .all(db)
            .await
            .map_err(|error| op.failed(error))?;
    }
    Ok(())
}

/// Rows of inventories, and the amount for each.
struct Rows {
    are: Condition,
    amount: Expr,
    count: u64,
}

/// The rows of some hosts; `None` if an amount is more than any capacity.
fn rows(hosts: &[(&HostName, &Amounts)]) -> Option<Rows> {
    let mut are = Condition::any();
    let mut amount = CaseStatement::new();
    let mut count = 0;
    for (host, amounts) in hosts {
        let this_host = Column::Host.eq(host.as_str());
        let mut classes = vec![CONSUMERS];
        let consumers = i64::try_from(amounts.consumers).ok()?;
        let is_count = this_host.clone().and(Column::Class.eq(CONSUMERS));
        amount = amount.case(is_count, Expr::value(consumers));
        for (class, units) in amounts.resources.iter() {
            let units = i64::try_from(units).ok()?;
            let is_class = this_host.clone().and(Column::Class.eq(class.as_str()));
            amount = amount.case(is_class, Expr::value(units));
            classes.push(class.as_str());
        }
        count += u64::try_from(classes.len()).ok()?;
        are = are.add(this_host.and(Column::Class.is_in(classes)));
    }
    Some(Rows {
        are,
        amount: amount.finally(Expr::value(0_i64)).into(),
        count,
    })
}

/// Why not everything could be taken, after the transaction was undone; an error of its own if it
/// could be by now.
pub(super) async fn shortage(store: &SqlStore, wanted: &ByHost, op: Op) -> Error {
    match first_short(store, wanted, op).await {
        Ok(Some(error)) | Err(error) => error,
        Ok(None) => op.interrupted(),
    }
}

async fn first_short(store: &SqlStore, wanted: &ByHost, op: Op) -> Result<Option<Error>> {
    for (host, amounts) in wanted {
        let rows = inventories::rows_of(&store.db, host, op).await?.classes;
        if rows.is_empty() {
            let there = entity::host::Entity::find_by_id(host.as_str())
                .one(&store.db)
                .await
                .map_err(|error| op.failed(error))?;
            if there.is_none() {
                return Ok(Some(Error::not_found(ObjectKind::Host, host)));
            }
        }
        for (class, requested) in amounts.resources.iter() {
            let available = rows
                .get(class)
                .map_or(0, entity::inventory::Model::available);
            if requested > available {
                return Ok(Some(Error::NoCapacity {
                    host: host.to_string(),
                    class: class.clone(),
                    requested,
                    available,
                }));
            }
        }
    }
    Ok(None)
}
