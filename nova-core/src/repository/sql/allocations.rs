//! Allocations in SQL.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::claim::{claim_once, held_by, holding};
use super::claim_move::{move_back, move_once};
use super::entity::allocation::{Column, Entity, held};
use super::entity::consumer;
use super::op::Op;
use super::store::SqlStore;
use super::used;
use crate::error::Result;
use crate::id::{HostName, MigrationId, ServerId};
use crate::model::{Allocation, Claim, ClaimMove, Consumer};
use crate::repository::AllocationRepository;
use crate::repository::allocations::{check_move, check_wanted};

#[async_trait]
impl AllocationRepository for SqlStore {
    async fn claim(&self, claim: &Claim) -> Result<()> {
        check_wanted(&claim.resources)?;
        let op = self.op("claim resources");
        self.retried(|| claim_once(self, claim, op)).await
    }

    async fn claim_move(&self, claim: &ClaimMove) -> Result<()> {
        check_wanted(&claim.resources)?;
        check_move(claim.server, claim.migration)?;
        let op = self.op("move a claim");
        self.retried(|| move_once(self, claim, op)).await
    }

    async fn claim_move_back(&self, server: ServerId, migration: MigrationId) -> Result<bool> {
        check_move(server, migration)?;
        let op = self.op("move a claim back");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = move_back(&transaction.db, server, migration, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn allocations_of(&self, consumer: Consumer) -> Result<Vec<Allocation>> {
        let op = self.op("read a consumer's allocations");
        let found = self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let found = holding(&transaction.db, *consumer.as_uuid(), op).await;
            transaction.end(found).await
        });
        let Some((row, held)) = found.await? else {
            return Ok(Vec::new());
        };
        if row.consumer() != consumer {
            return Ok(Vec::new());
        }
        let allocation = |(host, resources)| Allocation {
            consumer,
            host,
            resources,
        };
        Ok(held.into_iter().map(allocation).collect())
    }

    async fn allocations_on(&self, host: &HostName) -> Result<Vec<Allocation>> {
        let op = self.op("read a host's allocations");
        let rows = Entity::find()
            .filter(Column::Host.eq(host.as_str()))
            .find_also_related(consumer::Entity)
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let mut consumers = BTreeMap::new();
        let mut allocations = Vec::with_capacity(rows.len());
        for (allocation, consumer) in rows {
            if let Some(consumer) = consumer {
                consumers.insert(consumer.id, consumer.consumer());
                allocations.push(allocation);
            }
        }
        let held = held(&allocations).map_err(|error| op.corrupt(error))?;
        let allocation = |((id, host), resources)| {
            let consumer = *consumers.get(&id)?;
            Some(Allocation {
                consumer,
                host,
                resources,
            })
        };
        Ok(held.into_iter().filter_map(allocation).collect())
    }

    async fn release(&self, consumer: Consumer, host: Option<&HostName>) -> Result<bool> {
        let op = self.op("release resources");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = release(&transaction.db, consumer, host, op).await;
            transaction.end(outcome).await
        })
        .await
    }
}

/// Gives back, in the order in which claims take.
async fn release(
    db: &impl ConnectionTrait,
    consumer: Consumer,
    host: Option<&HostName>,
    op: Op,
) -> Result<bool> {
    let failed = |error| op.failed(error);
    let id = *consumer.as_uuid();
    let there = consumer::Entity::find_by_id(id)
        .lock_exclusive()
        .one(db)
        .await
        .map_err(failed)?;
    if there.is_none_or(|row| row.consumer() != consumer) {
        return Ok(false);
    }
    let all = held_by(db, id, op).await?;
    let is_given_back = |name: &HostName| host.is_none_or(|host| host == name);
    let given_back = used::of_one(all.iter().filter(|(name, _)| is_given_back(name)));
    if given_back.is_empty() {
        return Ok(false);
    }
    used::give_back(db, &given_back, op).await?;
    let mut gone = Entity::delete_many().filter(Column::Consumer.eq(id));
    if let Some(host) = host {
        gone = gone.filter(Column::Host.eq(host.as_str()));
    }
    gone.exec(db).await.map_err(failed)?;
    if given_back.len() == all.len() {
        consumer::Entity::delete_by_id(id)
            .exec(db)
            .await
            .map_err(failed)?;
    }
    Ok(true)
}
