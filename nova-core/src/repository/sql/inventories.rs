//! What hosts offer, in SQL.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::entity::inventory::{ActiveModel, CONSUMERS, Column, Entity, Model, consumers_row, row};
use super::op::Op;
use super::used;
use crate::error::Result;
use crate::id::HostName;
use crate::model::{HostReport, Inventory, ResourceClass};

/// The rows of one host.
#[derive(Debug, Default)]
pub(super) struct HostRows {
    /// Those of resources, by class.
    pub(super) classes: BTreeMap<ResourceClass, Model>,
    /// How many consumers hold anything; `None` where the row is missing.
    pub(super) consumers: Option<i64>,
}

impl HostRows {
    /// Sorts a row in.
    pub(super) fn add(&mut self, row: Model, op: Op) -> Result<()> {
        if row.class == CONSUMERS {
            self.consumers = Some(row.used);
        } else {
            let class = row.class().map_err(|error| op.corrupt(error))?;
            self.classes.insert(class, row);
        }
        Ok(())
    }
}

/// The rows of a host.
pub(super) async fn rows_of(
    db: &impl ConnectionTrait,
    host: &HostName,
    op: Op,
) -> Result<HostRows> {
    let rows = Entity::find()
        .filter(Column::Host.eq(host.as_str()))
        .all(db)
        .await;
    let mut sorted = HostRows::default();
    for row in rows.map_err(|error| op.failed(error))? {
        sorted.add(row, op)?;
    }
    Ok(sorted)
}

/// Rows of several hosts, by host.
pub(super) fn by_host(rows: Vec<Model>, op: Op) -> Result<BTreeMap<String, HostRows>> {
    let mut by_host: BTreeMap<String, HostRows> = BTreeMap::new();
    for row in rows {
        by_host.entry(row.host.clone()).or_default().add(row, op)?;
    }
    Ok(by_host)
}

/// What the rows offer.
pub(super) fn offered(
    rows: &BTreeMap<ResourceClass, Model>,
    op: Op,
) -> Result<BTreeMap<ResourceClass, Inventory>> {
    let mut offered = BTreeMap::new();
    for (class, row) in rows {
        if let Some(inventory) = row.inventory().map_err(|error| op.corrupt(error))? {
            offered.insert(class.clone(), inventory);
        }
    }
    Ok(offered)
}

/// Makes the rows of a host what it reports. What is used stays; a class that is no longer offered
/// keeps its row while it is used. The host's row must be locked.
pub(super) async fn replace(db: &impl ConnectionTrait, report: &HostReport, op: Op) -> Result<()> {
    used::lock_host(db, &report.name, op).await?;
    let rows = rows_of(db, &report.name, op).await?;
    if rows.consumers.is_none() {
        Entity::insert(consumers_row(&report.name))
            .exec_without_returning(db)
            .await
            .map_err(|error| op.failed(error))?;
    }
    let rows = rows.classes;
    let classes: BTreeSet<&ResourceClass> = rows.keys().chain(report.inventories.keys()).collect();
    for class in classes {
        let wanted = report.inventories.get(class);
        let new = row(&report.name, class, wanted);
        let Some(held) = rows.get(class) else {
            let insert = Entity::insert(ActiveModel {
                used: Set(0),
                ..new
            });
            insert
                .exec_without_returning(db)
                .await
                .map_err(|error| op.failed(error))?;
            continue;
        };
        let this_row = Column::Host
            .eq(report.name.as_str())
            .and(Column::Class.eq(class.as_str()));
        if held
            .inventory()
            .map_err(|error| op.corrupt(error))?
            .as_ref()
            != wanted
        {
            let update = Entity::update_many().set(new).filter(this_row.clone());
            update.exec(db).await.map_err(|error| op.failed(error))?;
        }
        if wanted.is_none() {
            let delete = Entity::delete_many()
                .filter(this_row)
                .filter(Column::Used.eq(0));
            delete.exec(db).await.map_err(|error| op.failed(error))?;
        }
    }
    Ok(())
}
