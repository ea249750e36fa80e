//! Flavors in SQL.

use async_trait::async_trait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::flavor::{Column, Entity, row};
use super::op::is_taken;
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::FlavorId;
use crate::model::Flavor;
use crate::repository::{FlavorRepository, Page, PageRequest};

#[async_trait]
impl FlavorRepository for SqlStore {
    async fn flavor_create(&self, flavor: &Flavor) -> Result<()> {
        let op = self.op("create a flavor");
        let row = row(flavor)?;
        self.retried(|| async {
            let _turn = self.turn().await;
            let insert = Entity::insert(row.clone());
            match insert.exec_without_returning(&self.db).await {
                Ok(_) => Ok(()),
                Err(error) if is_taken(&error) => Err(Error::AlreadyExists {
                    kind: ObjectKind::Flavor,
                    id: flavor.id().to_string(),
                }),
                Err(error) => Err(op.failed(error)),
            }
        })
        .await
    }

    async fn flavor_get(&self, id: &FlavorId) -> Result<Flavor> {
        let op = self.op("read a flavor");
        let found = Entity::find_by_id(id.as_str()).one(&self.db).await;
        match found.map_err(|error| op.failed(error))? {
            Some(row) => row.into_flavor().map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::Flavor, id)),
        }
    }

    async fn flavor_list(&self, page: &PageRequest<FlavorId>) -> Result<Page<Flavor, FlavorId>> {
        let op = self.op("list flavors");
        let mut select = Entity::find();
        if let Some(marker) = page.marker() {
            select = select.filter(Column::Id.gt(marker.as_str()));
        }
        let rows = select
            .order_by_asc(Column::Id)
            .limit(u64::from(page.limit()) + 1)
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let flavors = rows
            .into_iter()
            .map(|row| row.into_flavor().map_err(|e| op.corrupt(e)));
        super::server_list::cut(flavors, page.limit(), |flavor| flavor.id().clone())
    }

    async fn flavor_delete(&self, id: &FlavorId) -> Result<bool> {
        let op = self.op("delete a flavor");
        self.retried(|| async {
            let _turn = self.turn().await;
            let deleted = Entity::delete_by_id(id.as_str()).exec(&self.db).await;
            Ok(deleted.map_err(|error| op.failed(error))?.rows_affected > 0)
        })
        .await
    }
}
