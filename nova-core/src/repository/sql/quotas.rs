//! Quotas in SQL.

use async_trait::async_trait;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::charge::quotas;
use super::entity::quota_limit::{ActiveModel, Column, Entity, scope as stored_scope, stored};
use super::entity::{quota_usage, server, server_group};
use super::op::Op;
use super::store::SqlStore;
use crate::error::Result;
use crate::id::ProjectId;
use crate::model::{Quota, QuotaCharge, QuotaLimit, QuotaResource, QuotaScope};
use crate::repository::QuotaRepository;

#[async_trait]
impl QuotaRepository for SqlStore {
    async fn quota_set_limit(
        &self,
        scope: &QuotaScope,
        resource: QuotaResource,
        limit: Option<QuotaLimit>,
    ) -> Result<()> {
        let op = self.op("set a quota");
        let project = stored_scope(scope);
        self.retried(|| async {
            let _turn = self.turn().await;
            let done = match limit {
                Some(limit) => {
                    let row = ActiveModel {
                        project_id: Set(project.to_owned()),
                        resource: Set(resource.to_string()),
                        hard_limit: Set(stored(limit)),
                    };
                    let replace = OnConflict::columns([Column::ProjectId, Column::Resource])
                        .update_column(Column::HardLimit)
                        .to_owned();
                    Entity::insert(row)
                        .on_conflict(replace)
                        .exec_without_returning(&self.db)
                        .await
                        .map(drop)
                }
                None => {
                    let key = (project.to_owned(), resource.to_string());
                    Entity::delete_by_id(key).exec(&self.db).await.map(drop)
                }
            };
            done.map_err(|error| op.failed(error))
        })
        .await
    }

    async fn quotas_of(&self, project: &ProjectId) -> Result<Vec<Quota>> {
        let op = self.op("read quotas");
        self.retried(|| async {
            let transaction = self.begin_read(op).await?;
            let outcome = quotas(&transaction.db, project, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn quota_recount(&self, project: &ProjectId) -> Result<bool> {
        let op = self.op("count quotas anew");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = recount(&transaction.db, project, op).await;
            transaction.end(outcome).await
        })
        .await
    }
}

/// How many servers are counted at once.
const COUNTED_AT_ONCE: u64 = 500;

/// Locks what is charged, so that nothing is charged meanwhile, and counts.
async fn recount(db: &impl ConnectionTrait, project: &ProjectId, op: Op) -> Result<bool> {
    let failed = |error| op.failed(error);
    let rows = quota_usage::Entity::find()
        .filter(quota_usage::Column::ProjectId.eq(project.as_str()))
        .order_by_asc(quota_usage::Column::Resource)
        .lock_exclusive()
        .all(db)
        .await
        .map_err(failed)?;
    let counted = count(db, project, op).await?;
    let mut differs = false;
    for row in rows {
        let resource: QuotaResource = row.resource.parse().map_err(|error| op.corrupt(error))?;
        let used = counted.get(resource).cast_signed();
        if row.used == used {
            continue;
        }
        differs = true;
        let correct = quota_usage::Entity::update_many()
            .set(quota_usage::ActiveModel {
                used: Set(used),
                ..Default::default()
            })
            .filter(quota_usage::Column::ProjectId.eq(project.as_str()))
            .filter(quota_usage::Column::Resource.eq(resource.as_str()));
        correct.exec(db).await.map_err(failed)?;
    }
    Ok(differs)
}

/// What everything of the project is charged with.
async fn count(db: &impl ConnectionTrait, project: &ProjectId, op: Op) -> Result<QuotaCharge> {
    let mut sum = QuotaCharge::none();
    let mut last: Option<(i64, Uuid)> = None;
    loop {
        let mut page = server::Entity::find()
            .filter(server::Column::ProjectId.eq(project.as_str()))
            .filter(server::Column::DeletedAt.is_null())
            .order_by_asc(server::Column::CreatedAt)
            .order_by_asc(server::Column::Id)
            .limit(COUNTED_AT_ONCE);
        if let Some((created_at, id)) = last {
            page = page
                .filter(server::Column::CreatedAt.gte(created_at))
                .filter(
                    Condition::any()
                        .add(server::Column::CreatedAt.gt(created_at))
                        .add(server::Column::Id.gt(id)),
                );
        }
        let rows = page.all(db).await.map_err(|error| op.failed(error))?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            last = Some((row.created_at, row.id));
            let server = row.into_server().map_err(|error| op.corrupt(error))?;
            sum.add(&server.charge());
        }
    }
    let groups = server_group::Entity::find()
        .filter(server_group::Column::ProjectId.eq(project.as_str()))
        .count(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok(sum.plus(QuotaResource::ServerGroups, groups))
}
