//! Migrations in SQL.

use async_trait::async_trait;
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, QueryFilter};

use super::entity::migration::{ActiveModel, Column, Entity, row};
use super::migration_list;
use super::op::{Op, is_orphan, is_taken};
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::MigrationId;
use crate::model::Migration;
use crate::repository::migrations::{has_another, updated};
use crate::repository::{MigrationFilter, MigrationRepository, Page, PageRequest};

#[async_trait]
impl MigrationRepository for SqlStore {
    async fn migration_create(&self, migration: &Migration) -> Result<()> {
        let op = self.op("create a migration");
        let row = row(migration)?;
        self.retried(|| async {
            let insert = Entity::insert(row.clone());
            let inserted = {
                let _turn = self.turn().await;
                insert.exec_without_returning(&self.db).await
            };
            match inserted {
                Ok(_) => Ok(()),
                Err(error) if is_taken(&error) => Err(self.refusal(migration, op).await?),
                Err(error) if is_orphan(&error) => {
                    Err(Error::not_found(ObjectKind::Server, migration.server_id))
                }
                Err(error) => Err(op.failed(error)),
            }
        })
        .await
    }

    async fn migration_get(&self, id: MigrationId) -> Result<Migration> {
        self.migration_row(id, self.op("read a migration")).await
    }

    async fn migration_update(&self, migration: &Migration) -> Result<Migration> {
        let op = self.op("write a migration");
        let held = self.migration_row(migration.id, op).await?;
        let written = updated(&held, migration)?;
        let row = ActiveModel {
            id: ActiveValue::NotSet,
            server_id: ActiveValue::NotSet,
            kind: ActiveValue::NotSet,
            request_id: ActiveValue::NotSet,
            user_id: ActiveValue::NotSet,
            project_id: ActiveValue::NotSet,
            created_at: ActiveValue::NotSet,
            ..row(&written)?
        };
        let update = Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(*migration.id.as_uuid()))
            .filter(Column::Generation.eq(migration.generation.get().cast_signed()));
        let done = self
            .retried(|| async {
                let _turn = self.turn().await;
                let done = update.clone().exec(&self.db).await;
                done.map_err(|error| op.failed(error))
            })
            .await?;
        if done.rows_affected == 0 {
            // Written or purged since it was read above.
            self.migration_row(migration.id, op).await?;
            let (id, generation) = (migration.id, migration.generation);
            return Err(Error::stale(ObjectKind::Migration, id, generation));
        }
        Ok(written)
    }

    async fn migration_list(
        &self,
        filter: &MigrationFilter,
        page: &PageRequest<MigrationId>,
    ) -> Result<Page<Migration, MigrationId>> {
        migration_list::page(self, filter, page).await
    }
}

impl SqlStore {
    async fn migration_row(&self, id: MigrationId, op: Op) -> Result<Migration> {
        let found = Entity::find_by_id(*id.as_uuid()).one(&self.db).await;
        match found.map_err(|error| op.failed(error))? {
            Some(row) => row.into_migration().map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::Migration, id)),
        }
    }

    /// Why a migration was refused whose id, or whose server, is taken.
    async fn refusal(&self, migration: &Migration, op: Op) -> Result<Error> {
        let found = Entity::find_by_id(*migration.id.as_uuid()).one(&self.db);
        let found = found.await.map_err(|error| op.failed(error))?;
        Ok(match found {
            Some(_) => Error::already_exists(ObjectKind::Migration, migration.id),
            None => has_another(migration.server_id),
        })
    }
}
