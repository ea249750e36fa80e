//! Counting what is used of a host: in the rows of its inventories, beside what it offers.
//!
//! One row more, of a class that no resource has, counts the consumers. Everyone takes the rows
//! host by host in the order of their names, so that no two transactions wait for each other: see
//! [`lock`].

use std::collections::BTreeMap;

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::charge::not_negative;
use super::entity::inventory::{CONSUMERS, Column, Entity};
use super::op::Op;
use super::store::SqlStore;
use super::{entity, inventories};
use crate::error::{Error, ObjectKind, Result};
use crate::id::HostName;
use crate::model::Resources;

/// How many hosts one statement counts for.
const HOSTS_AT_ONCE: usize = 250;
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
    let Some(changes) = changes(wanted) else {
        return Ok(false);
    };
    lock(db, wanted.keys(), changes.len(), op).await?;
    for change in changes {
        let used = Expr::col(Column::Used);
        let done = Entity::update_many()
            .col_expr(Column::Used, used.clone().add(change.amount.clone()))
            .filter(change.rows)
            .filter(used.lte(Expr::col(Column::Capacity).sub(change.amount)))
            .exec(db)
            .await
            .map_err(|error| op.failed(error))?;
        if done.rows_affected < change.count {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Counts down what is used.
pub(super) async fn give_back(db: &impl ConnectionTrait, held: &ByHost, op: Op) -> Result<()> {
    let Some(changes) = changes(held) else {
        return Err(op.corrupt("more is held than a number can say"));
    };
    lock(db, held.keys(), changes.len(), op).await?;
    for change in changes {
        Entity::update_many()
            .col_expr(
                Column::Used,
                not_negative(Expr::col(Column::Used).sub(change.amount)),
            )
            .filter(change.rows)
            .exec(db)
            .await
            .map_err(|error| op.failed(error))?;
    }
    Ok(())
}

/// Keeps others from counting on a host until the transaction ends.
pub(super) async fn lock_host(db: &impl ConnectionTrait, host: &HostName, op: Op) -> Result<()> {
    lock(db, std::iter::once(host), usize::MAX, op).await
}

/// Keeps others from counting on these hosts until the transaction ends, where so many statements
/// do not meet their rows in order by themselves.
async fn lock<'a>(
    db: &impl ConnectionTrait,
    hosts: impl Iterator<Item = &'a HostName>,
    statements: usize,
    op: Op,
) -> Result<()> {
    let rows = match db.get_database_backend() {
        // Whoever writes is alone.
        DbBackend::Sqlite => return Ok(()),
        // The statements go through the rows in any order: one row stands for all of a host's.
        DbBackend::Postgres => Condition::all().add(Column::Class.eq(CONSUMERS)),
        // One statement goes through the rows by their key, and so must several.
        _ if statements <= 1 => return Ok(()),
        _ => Condition::all(),
    };
    let hosts: Vec<&str> = hosts.map(HostName::as_str).collect();
    for hosts in hosts.chunks(HOSTS_LOCKED_AT_ONCE) {
        let _: Vec<String> = Entity::find()
            .select_only()
            .column(Column::Host)
            .filter(Column::Host.is_in(hosts.iter().copied()))
            .filter(rows.clone())
            .order_by_asc(Column::Host)
            .order_by_asc(Column::Class)
            .lock_exclusive()
            .into_tuple()
            .all(db)
            .await
            .map_err(|error| op.failed(error))?;
    }
    Ok(())
}

/// One statement's rows of inventories, and the amount for each.
struct Change {
    rows: Condition,
    amount: Expr,
    count: u64,
}

/// The statements: one for the hosts of which the same is taken, which are most where servers of
/// one flavor are placed together. `None` if an amount is more than any capacity.
fn changes(by_host: &ByHost) -> Option<Vec<Change>> {
    let mut alike: Vec<(&Amounts, Vec<&str>)> = Vec::new();
    for (host, amounts) in by_host {
        match alike.iter_mut().find(|(same, _)| *same == amounts) {
            Some((_, hosts)) => hosts.push(host.as_str()),
            None => alike.push((amounts, vec![host.as_str()])),
        }
    }
    let mut changes = Vec::new();
    for (amounts, hosts) in alike {
        for hosts in hosts.chunks(HOSTS_AT_ONCE) {
            changes.push(change(amounts, hosts)?);
        }
    }
    Some(changes)
}

fn change(amounts: &Amounts, hosts: &[&str]) -> Option<Change> {
    let consumers = i64::try_from(amounts.consumers).ok()?;
    let mut classes = vec![CONSUMERS];
    let mut amount = CaseStatement::new().case(Column::Class.eq(CONSUMERS), Expr::value(consumers));
    for (class, units) in amounts.resources.iter() {
        let units = i64::try_from(units).ok()?;
        amount = amount.case(Column::Class.eq(class.as_str()), Expr::value(units));
        classes.push(class.as_str());
    }
    let count = u64::try_from(classes.len() * hosts.len()).ok()?;
    Some(Change {
        rows: Condition::all()
            .add(Column::Host.is_in(hosts.iter().copied()))
            .add(Column::Class.is_in(classes)),
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
