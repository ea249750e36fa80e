//! Faults in SQL.

use async_trait::async_trait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::fault::{Column, Entity, row};
use super::op::is_orphan;
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ServerId;
use crate::model::Fault;
use crate::repository::{FaultRepository, MAX_FAULTS};

impl SqlStore {
    /// Removes what was recorded longer ago than the last [`MAX_FAULTS`].
    async fn forget_old_faults(&self, server: ServerId) -> Result<()> {
        let op = self.op("forget old faults");
        let of_server = Column::ServerId.eq(*server.as_uuid());
        self.retried(|| async {
            let newest_old: Option<i64> = Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(of_server.clone())
                .order_by_desc(Column::Id)
                .offset(u64::from(MAX_FAULTS))
                .limit(1)
                .into_tuple()
                .one(&self.db)
                .await
                .map_err(|error| op.failed(error))?;
            let Some(newest_old) = newest_old else {
                return Ok(());
            };
            let _turn = self.turn().await;
            Entity::delete_many()
                .filter(of_server.clone())
                .filter(Column::Id.lte(newest_old))
                .exec(&self.db)
                .await
                .map_err(|error| op.failed(error))?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl FaultRepository for SqlStore {
    async fn fault_record(&self, fault: &Fault) -> Result<()> {
        let op = self.op("record a fault");
        let row = row(fault)?;
        self.retried(|| async {
            let _turn = self.turn().await;
            let insert = Entity::insert(row.clone());
            match insert.exec_without_returning(&self.db).await {
                Ok(_) => Ok(()),
                Err(error) if is_orphan(&error) => {
                    Err(Error::not_found(ObjectKind::Server, fault.server_id))
                }
                Err(error) => Err(op.failed(error)),
            }
        })
        .await?;
        if let Err(error) = self.forget_old_faults(fault.server_id).await {
            // It is recorded: the next one forgets what this one did not.
            tracing::warn!(server = %fault.server_id, %error, "old faults were not forgotten");
        }
        Ok(())
    }

    async fn faults_of(&self, server: ServerId, limit: u32) -> Result<Vec<Fault>> {
        let op = self.op("read the faults of a server");
        let rows = Entity::find()
            .filter(Column::ServerId.eq(*server.as_uuid()))
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .limit(u64::from(limit))
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        rows.into_iter()
            .map(|row| row.into_fault().map_err(|e| op.corrupt(e)))
            .collect()
    }
}
