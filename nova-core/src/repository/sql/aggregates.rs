//! Host aggregates in SQL.
//!
//! Whoever changes which zone hosts are in takes the rows in one order: one aggregate, then hosts
//! by name. So of two that would put a host into different zones the second sees the first.

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
};

use super::aggregate_list::{self, with_parts};
use super::aggregate_zones as zones;
use super::entity::aggregate::{ActiveModel, Column, Entity, Model, row};
use super::entity::{aggregate_host as member, aggregate_metadata as metadata, host};
use super::op::{Op, is_taken};
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{AggregateId, HostName};
use crate::model::Aggregate;
use crate::repository::{AggregateFilter, AggregateRepository, Page, PageRequest};

#[async_trait]
impl AggregateRepository for SqlStore {
    async fn aggregate_create(&self, aggregate: &Aggregate) -> Result<()> {
        let op = self.op("create an aggregate");
        if !aggregate.hosts.is_empty() {
            let reason = "an aggregate begins without hosts";
            return Err(Error::invalid("aggregate hosts", reason));
        }
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = create(&transaction.db, aggregate, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn aggregate_get(&self, id: AggregateId) -> Result<Aggregate> {
        let op = self.op("read an aggregate");
        self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let outcome = load(&transaction.db, id, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn aggregate_list(
        &self,
        filter: &AggregateFilter,
        page: &PageRequest<AggregateId>,
    ) -> Result<Page<Aggregate, AggregateId>> {
        let op = self.op("list aggregates");
        self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let outcome = aggregate_list::page(&transaction.db, filter, page, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn aggregates_of_host(&self, host: &HostName) -> Result<Vec<Aggregate>> {
        let op = self.op("read the aggregates of a host");
        self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let outcome = aggregate_list::of_host(&transaction.db, host, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn aggregate_update(&self, aggregate: &Aggregate) -> Result<Aggregate> {
        let op = self.op("write an aggregate");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = update(&transaction.db, aggregate, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn aggregate_add_host(&self, id: AggregateId, host: &HostName) -> Result<bool> {
        let op = self.op("put a host into an aggregate");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = add_host(&transaction.db, id, host, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn aggregate_remove_host(&self, id: AggregateId, host: &HostName) -> Result<bool> {
        let op = self.op("take a host out of an aggregate");
        let key = (*id.as_uuid(), host.to_string());
        let done = self
            .retried(|| async {
                let _turn = self.turn().await;
                let delete = member::Entity::delete_by_id(key.clone());
                let deleted = delete.exec(&self.db).await;
                deleted.map_err(|error| op.failed(error))
            })
            .await?;
        if done.rows_affected > 0 {
            return Ok(true);
        }
        let there = Entity::find_by_id(*id.as_uuid()).count(&self.db).await;
        if there.map_err(|error| op.failed(error))? == 0 {
            return Err(Error::not_found(ObjectKind::Aggregate, id));
        }
        Ok(false)
    }

    async fn aggregate_delete(&self, id: AggregateId) -> Result<bool> {
        let op = self.op("delete an aggregate");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = delete(&transaction.db, id, op).await;
            transaction.end(outcome).await
        })
        .await
    }
}

async fn load(db: &impl ConnectionTrait, id: AggregateId, op: Op) -> Result<Aggregate> {
    let found = Entity::find_by_id(*id.as_uuid()).one(db).await;
    let row = found.map_err(|error| op.failed(error))?;
    let row = row.ok_or_else(|| Error::not_found(ObjectKind::Aggregate, id))?;
    let one = with_parts(db, vec![row], op).await?.pop();
    one.ok_or_else(|| Error::not_found(ObjectKind::Aggregate, id))
}

async fn lock(db: &impl ConnectionTrait, id: AggregateId, op: Op) -> Result<Option<Model>> {
    let found = Entity::find_by_id(*id.as_uuid()).lock_exclusive();
    found.one(db).await.map_err(|error| op.failed(error))
}

async fn create(db: &impl ConnectionTrait, aggregate: &Aggregate, op: Op) -> Result<()> {
    let failed = |error| op.failed(error);
    let same = Entity::find_by_id(*aggregate.id.as_uuid());
    if same.count(db).await.map_err(failed)? > 0 {
        return Err(Error::already_exists(ObjectKind::Aggregate, aggregate.id));
    }
    check_name(db, aggregate, op).await?;
    let insert = Entity::insert(row(aggregate));
    match insert.exec_without_returning(db).await {
        Ok(_) => {}
        // Id or name was taken since it was looked at.
        Err(error) if is_taken(&error) => return Err(op.interrupted()),
        Err(error) => return Err(failed(error)),
    }
    add_metadata(db, aggregate, op).await
}

/// Refuses a name that another aggregate has. It may be taken until the write, which then fails by
/// its key.
async fn check_name(db: &impl ConnectionTrait, aggregate: &Aggregate, op: Op) -> Result<()> {
    let same = Entity::find()
        .filter(Column::Name.eq(aggregate.name.as_str()))
        .filter(Column::Id.ne(*aggregate.id.as_uuid()));
    if same.count(db).await.map_err(|error| op.failed(error))? > 0 {
        let (kind, name) = (ObjectKind::Aggregate, &aggregate.name);
        return Err(Error::already_exists(kind, name));
    }
    Ok(())
}

async fn add_metadata(db: &impl ConnectionTrait, aggregate: &Aggregate, op: Op) -> Result<()> {
    if aggregate.metadata.is_empty() {
        return Ok(());
    }
    metadata::Entity::insert_many(metadata::rows(aggregate))
        .exec_without_returning(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok(())
}

async fn update(db: &impl ConnectionTrait, aggregate: &Aggregate, op: Op) -> Result<Aggregate> {
    let failed = |error| op.failed(error);
    let id = *aggregate.id.as_uuid();
    let missing = || Error::not_found(ObjectKind::Aggregate, aggregate.id);
    let row_held = lock(db, aggregate.id, op).await?.ok_or_else(missing)?;
    let held = with_parts(db, vec![row_held], op).await?.pop();
    let held = held.ok_or_else(missing)?;
    if held.generation != aggregate.generation {
        let (kind, id) = (ObjectKind::Aggregate, aggregate.id);
        return Err(Error::stale(kind, id, aggregate.generation));
    }
    check_name(db, aggregate, op).await?;
    if let Some(zone) = &aggregate.availability_zone
        && held.availability_zone.as_ref() != Some(zone)
    {
        zones::lock(db, &held.hosts, op).await?;
        zones::check(db, aggregate.id, zone, &held.hosts, op).await?;
    }
    let written = Aggregate {
        hosts: held.hosts,
        created_at: held.created_at,
        generation: aggregate.generation.next(),
        ..aggregate.clone()
    };
    let update = Entity::update_many()
        .set(ActiveModel {
            id: sea_orm::ActiveValue::NotSet,
            ..row(&written)
        })
        .filter(Column::Id.eq(id));
    match update.exec(db).await {
        Ok(_) => {}
        Err(error) if is_taken(&error) => return Err(op.interrupted()),
        Err(error) => return Err(failed(error)),
    }
    if held.metadata != written.metadata {
        metadata::Entity::delete_many()
            .filter(metadata::Column::AggregateId.eq(id))
            .exec(db)
            .await
            .map_err(failed)?;
        add_metadata(db, &written, op).await?;
    }
    Ok(written)
}

async fn add_host(
    db: &impl ConnectionTrait,
    id: AggregateId,
    name: &HostName,
    op: Op,
) -> Result<bool> {
    let failed = |error| op.failed(error);
    let Some(aggregate) = lock(db, id, op).await? else {
        return Err(Error::not_found(ObjectKind::Aggregate, id));
    };
    let host = host::Entity::find_by_id(name.as_str()).lock_exclusive();
    if host.one(db).await.map_err(failed)?.is_none() {
        return Err(Error::not_found(ObjectKind::Host, name));
    }
    let same = member::Entity::find_by_id((*id.as_uuid(), name.to_string()));
    if same.count(db).await.map_err(failed)? > 0 {
        return Ok(false);
    }
    if let Some(zone) = aggregate.availability_zone {
        let zone = zone.parse().map_err(|error| op.corrupt(error))?;
        zones::check(db, id, &zone, [name], op).await?;
    }
    member::Entity::insert(member::row(id, name))
        .exec_without_returning(db)
        .await
        .map_err(failed)?;
    Ok(true)
}

async fn delete(db: &impl ConnectionTrait, id: AggregateId, op: Op) -> Result<bool> {
    let failed = |error| op.failed(error);
    if lock(db, id, op).await?.is_none() {
        return Ok(false);
    }
    let hosts = member::Entity::find().filter(member::Column::AggregateId.eq(*id.as_uuid()));
    if hosts.one(db).await.map_err(failed)?.is_some() {
        return Err(Error::in_use(ObjectKind::Aggregate, id, "it has hosts"));
    }
    let deleted = Entity::delete_by_id(*id.as_uuid()).exec(db).await;
    Ok(deleted.map_err(failed)?.rows_affected > 0)
}
