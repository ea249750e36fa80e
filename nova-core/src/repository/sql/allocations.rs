//! Allocations in SQL.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::claim::claim_once;
use super::entity::allocation::{Column, Entity, held};
use super::entity::{consumer, inventory};
use super::op::Op;
use super::store::SqlStore;
use crate::error::Result;
use crate::id::{HostName, ServerId};
use crate::model::{Allocation, Claim, Resources};
use crate::repository::AllocationRepository;
use crate::repository::allocations::check_claim;

#[async_trait]
impl AllocationRepository for SqlStore {
    async fn claim(&self, claim: &Claim) -> Result<()> {
        check_claim(claim)?;
        let op = self.op("claim resources");
        self.retried(|| claim_once(self, claim, op)).await
    }

    async fn allocations_of(&self, consumer: ServerId) -> Result<Vec<Allocation>> {
        let op = self.op("read a server's allocations");
        let rows = Entity::find().filter(Column::Consumer.eq(*consumer.as_uuid()));
        let rows = rows.all(&self.db).await.map_err(|error| op.failed(error))?;
        let held = held(&rows).map_err(|error| op.corrupt(error))?;
        Ok(held.into_iter().map(allocation).collect())
    }

    async fn allocations_on(&self, host: &HostName) -> Result<Vec<Allocation>> {
        let op = self.op("read a host's allocations");
        let rows = Entity::find().filter(Column::Host.eq(host.as_str()));
        let rows = rows.all(&self.db).await.map_err(|error| op.failed(error))?;
        let held = held(&rows).map_err(|error| op.corrupt(error))?;
        Ok(held.into_iter().map(allocation).collect())
    }

    async fn release(&self, consumer: ServerId, host: Option<&HostName>) -> Result<bool> {
        let op = self.op("release resources");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = release(&transaction.db, consumer, host, op).await;
            transaction.end(outcome).await
        })
        .await
    }
}

fn allocation(((consumer, host), resources): ((ServerId, HostName), Resources)) -> Allocation {
    Allocation {
        consumer,
        host,
        resources,
    }
}

/// Gives back, in the order in which claims take.
async fn release(
    db: &impl ConnectionTrait,
    consumer: ServerId,
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
    if there.is_none() {
        return Ok(false);
    }
    let rows = Entity::find()
        .filter(Column::Consumer.eq(id))
        .all(db)
        .await
        .map_err(failed)?;
    let all = held(&rows).map_err(|error| op.corrupt(error))?;
    let wanted = |name: &HostName| host.is_none_or(|host| host == name);
    let given_back = all.iter().filter(|((_, name), _)| wanted(name)).count();
    if given_back == 0 {
        return Ok(false);
    }
    for ((_, name), resources) in all.iter().filter(|((_, name), _)| wanted(name)) {
        for (class, amount) in resources.iter() {
            let used = Expr::col(inventory::Column::Used).sub(amount.cast_signed());
            inventory::Entity::update_many()
                .col_expr(inventory::Column::Used, used)
                .filter(inventory::Column::Host.eq(name.as_str()))
                .filter(inventory::Column::Class.eq(class.as_str()))
                .exec(db)
                .await
                .map_err(failed)?;
        }
    }
    let mut gone = Entity::delete_many().filter(Column::Consumer.eq(id));
    if let Some(host) = host {
        gone = gone.filter(Column::Host.eq(host.as_str()));
    }
    gone.exec(db).await.map_err(failed)?;
    if given_back == all.len() {
        consumer::Entity::delete_by_id(id)
            .exec(db)
            .await
            .map_err(failed)?;
    }
    Ok(true)
}
