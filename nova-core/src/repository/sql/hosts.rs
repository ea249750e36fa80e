//! Compute hosts in SQL.

use async_trait::async_trait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::entity::host::{self, ActiveModel, Column, Entity, Model};
use super::entity::inventory;
use super::op::Op;
use super::store::SqlStore;
use super::{host_list, inventories, used};
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::HostName;
use crate::model::{Generation, Host, HostReport, HostUsage, Resources, ServiceStatus};
use crate::repository::{HostFilter, HostRepository, Page, PageRequest};

#[async_trait]
impl HostRepository for SqlStore {
    async fn host_report(&self, report: &HostReport, now: Timestamp) -> Result<Host> {
        let op = self.op("take a host's report");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = take_report(&transaction.db, report, now, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn host_get(&self, name: &HostName) -> Result<Host> {
        let op = self.op("read a host");
        self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let outcome = load(&transaction.db, name, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn host_list(
        &self,
        filter: &HostFilter,
        page: &PageRequest<HostName>,
    ) -> Result<Page<Host, HostName>> {
        let op = self.op("list hosts");
        self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let outcome = host_list::page(&transaction.db, filter, page, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn host_usages(&self) -> Result<Vec<HostUsage>> {
        let op = self.op("read the hosts' usages");
        self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let outcome = usages(&transaction.db, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn host_set_service(
        &self,
        name: &HostName,
        generation: Generation,
        service: &ServiceStatus,
    ) -> Result<Host> {
        let op = self.op("write a decision on a host");
        let decision = host::decision(service, generation.next())?;
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = decide(&transaction.db, name, generation, &decision, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn host_delete(&self, name: &HostName) -> Result<bool> {
        let op = self.op("delete a host");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = delete(&transaction.db, name, op).await;
            transaction.end(outcome).await
        })
        .await
    }
}

async fn take_report(
    db: &impl ConnectionTrait,
    report: &HostReport,
    now: Timestamp,
    op: Op,
) -> Result<Host> {
    // Added or changed, the row is locked from here on.
    Entity::insert(host::row(report, now)?)
        .on_conflict(
            OnConflict::column(Column::Name)
                .update_columns(host::REPORTED)
                .to_owned(),
        )
        .exec_without_returning(db)
        .await
        .map_err(|error| op.failed(error))?;
    inventories::replace(db, report, op).await?;
    load(db, &report.name, op).await
}

async fn decide(
    db: &impl ConnectionTrait,
    name: &HostName,
    generation: Generation,
    decision: &ActiveModel,
    op: Op,
) -> Result<Host> {
    let done = Entity::update_many()
        .set(decision.clone())
        .filter(Column::Name.eq(name.as_str()))
        .filter(Column::Generation.eq(generation.get().cast_signed()))
        .exec(db)
        .await
        .map_err(|error| op.failed(error))?;
    let host = load(db, name, op).await?;
    if done.rows_affected == 0 {
        return Err(Error::Stale {
            kind: ObjectKind::Host,
            id: name.to_string(),
            expected: generation,
        });
    }
    Ok(host)
}

/// Locks the host against reports and its inventories against claims, and deletes them.
async fn delete(db: &impl ConnectionTrait, name: &HostName, op: Op) -> Result<bool> {
    let failed = |error| op.failed(error);
    let host = Entity::find_by_id(name.as_str())
        .lock_exclusive()
        .one(db)
        .await
        .map_err(failed)?;
    if host.is_none() {
        return Ok(false);
    }
    used::lock_host(db, name, op).await?;
    let rows = inventories::rows_of(db, name, op).await?;
    let count = rows.classes.len() + usize::from(rows.consumers.is_some());
    let unused = inventory::Entity::delete_many()
        .filter(inventory::Column::Host.eq(name.as_str()))
        .filter(inventory::Column::Used.eq(0));
    let deleted = unused.exec(db).await.map_err(failed)?.rows_affected;
    if usize::try_from(deleted).is_ok_and(|deleted| deleted < count) {
        return Err(Error::in_use(
            ObjectKind::Host,
            name,
            "resources are claimed on it",
        ));
    }
    Entity::delete_by_id(name.as_str())
        .exec(db)
        .await
        .map_err(failed)?;
    Ok(true)
}

async fn load(db: &impl ConnectionTrait, name: &HostName, op: Op) -> Result<Host> {
    let found = Entity::find_by_id(name.as_str()).one(db).await;
    let Some(row) = found.map_err(|error| op.failed(error))? else {
        return Err(Error::not_found(ObjectKind::Host, name));
    };
    let rows = inventories::rows_of(db, name, op).await?;
    row.into_host(inventories::offered(&rows.classes, op)?)
        .map_err(|error| op.corrupt(error))
}

async fn usages(db: &impl ConnectionTrait, op: Op) -> Result<Vec<HostUsage>> {
    let failed = |error| op.failed(error);
    let hosts: Vec<Model> = Entity::find().all(db).await.map_err(failed)?;
    let offers = inventory::Entity::find().all(db).await.map_err(failed)?;
    let mut by_host = inventories::by_host(offers, op)?;
    let mut usages = Vec::with_capacity(hosts.len());
    for host in hosts {
        let rows = by_host.remove(&host.name).unwrap_or_default();
        let consumers = u64::try_from(rows.consumers.unwrap_or(0));
        let mut used = Resources::new();
        for (class, row) in &rows.classes {
            used.set(
                class.clone(),
                u64::try_from(row.used).map_err(|error| op.corrupt(error))?,
            );
        }
        let host = host
            .into_host(inventories::offered(&rows.classes, op)?)
            .map_err(|error| op.corrupt(error))?;
        usages.push(HostUsage {
            host,
            used,
            servers: consumers.map_err(|error| op.corrupt(error))?,
        });
    }
    usages.sort_by(|one, two| one.host.name().cmp(two.host.name()));
    Ok(usages)
}
