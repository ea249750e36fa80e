//! Flavors in SQL.

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use super::entity::flavor::{Column, Entity, Model, row};
use super::entity::flavor_access as access;
use super::op::{Op, is_orphan, is_taken};
use super::server_list::cut;
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{FlavorId, ProjectId};
use crate::model::Flavor;
use crate::repository::{FlavorFilter, FlavorRepository, Page, PageRequest};

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
                Err(error) if is_taken(&error) => {
                    Err(Error::already_exists(ObjectKind::Flavor, flavor.id()))
                }
                Err(error) => Err(op.failed(error)),
            }
        })
        .await
    }

    async fn flavor_get(&self, id: &FlavorId) -> Result<Flavor> {
        self.flavor_row(id, self.op("read a flavor")).await
    }

    async fn flavor_list(
        &self,
        filter: &FlavorFilter,
        page: &PageRequest<FlavorId>,
    ) -> Result<Page<Flavor, FlavorId>> {
        let op = self.op("list flavors");
        let mut rows: Vec<Model> = Vec::new();
        for condition in conditions(filter) {
            let mut select = Entity::find().filter(condition).filter(sizes(filter));
            if let Some(marker) = page.marker() {
                select = select.filter(Column::Id.gt(marker.as_str()));
            }
            let some = select
                .order_by_asc(Column::Id)
                .limit(u64::from(page.limit()) + 1)
                .all(&self.db)
                .await;
            rows.extend(some.map_err(|error| op.failed(error))?);
        }
        // No flavor comes twice, even if it was made anew with other access in between.
        rows.sort_unstable_by(|one, two| one.id.cmp(&two.id));
        rows.dedup_by(|one, two| one.id == two.id);
        let flavors = rows
            .into_iter()
            .map(|row| row.into_flavor().map_err(|e| op.corrupt(e)));
        cut(flavors, page.limit(), |flavor| flavor.id().clone())
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

    async fn flavor_access_add(&self, id: &FlavorId, project: &ProjectId) -> Result<bool> {
        let op = self.op("put a project on a flavor's access list");
        // Whether a flavor is public never changes.
        if self.flavor_row(id, op).await?.is_public() {
            return Err(Error::invalid("flavor access", "the flavor is public"));
        }
        self.retried(|| async {
            let _turn = self.turn().await;
            let insert = access::Entity::insert(access::row(id, project));
            match insert.exec_without_returning(&self.db).await {
                Ok(_) => Ok(true),
                Err(error) if is_taken(&error) => Ok(false),
                Err(error) if is_orphan(&error) => Err(Error::not_found(ObjectKind::Flavor, id)),
                Err(error) => Err(op.failed(error)),
            }
        })
        .await
    }

    async fn flavor_access_remove(&self, id: &FlavorId, project: &ProjectId) -> Result<bool> {
        let op = self.op("take a project off a flavor's access list");
        let key = (id.to_string(), project.to_string());
        let done = self
            .retried(|| async {
                let _turn = self.turn().await;
                let delete = access::Entity::delete_by_id(key.clone());
                delete
                    .exec(&self.db)
                    .await
                    .map_err(|error| op.failed(error))
            })
            .await?;
        if done.rows_affected == 0 {
            self.flavor_row(id, op).await?;
        }
        Ok(done.rows_affected > 0)
    }

    async fn flavor_access_list(
        &self,
        id: &FlavorId,
        page: &PageRequest<ProjectId>,
    ) -> Result<Page<ProjectId, ProjectId>> {
        let op = self.op("read a flavor's access list");
        let mut select = access::Entity::find()
            .select_only()
            .column(access::Column::ProjectId)
            .filter(access::Column::FlavorId.eq(id.as_str()));
        if let Some(marker) = page.marker() {
            select = select.filter(access::Column::ProjectId.gt(marker.as_str()));
        }
        let projects: Vec<String> = select
            .order_by_asc(access::Column::ProjectId)
            .limit(u64::from(page.limit()) + 1)
            .into_tuple()
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        if projects.is_empty() {
            self.flavor_row(id, op).await?;
        }
        let projects = projects
            .into_iter()
            .map(|project| ProjectId::new(project).map_err(|error| op.corrupt(error)));
        cut(projects, page.limit(), Clone::clone)
    }

    async fn flavor_access_check(&self, id: &FlavorId, project: &ProjectId) -> Result<bool> {
        let op = self.op("read a flavor's access list");
        if self.flavor_row(id, op).await?.is_public() {
            return Ok(true);
        }
        let key = (id.to_string(), project.to_string());
        let found = access::Entity::find_by_id(key).count(&self.db).await;
        Ok(found.map_err(|error| op.failed(error))? > 0)
    }
}

impl SqlStore {
    async fn flavor_row(&self, id: &FlavorId, op: Op) -> Result<Flavor> {
        let found = Entity::find_by_id(id.as_str()).one(&self.db).await;
        match found.map_err(|error| op.failed(error))? {
            Some(row) => row.into_flavor().map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::Flavor, id)),
        }
    }
}

/// Conditions that exclude each other, each with an index: the public flavors, and those whose
/// access list the project is on.
fn conditions(filter: &FlavorFilter) -> Vec<Condition> {
    let public = Condition::all().add(Column::IsPublic.eq(true));
    let private = Condition::all().add(Column::IsPublic.eq(false));
    let Some(project) = &filter.project else {
        return match filter.public {
            Some(true) => vec![public],
            Some(false) => vec![private],
            None => vec![Condition::all()],
        };
    };
    let listed = access::Entity::find()
        .select_only()
        .column(access::Column::FlavorId)
        .filter(access::Column::ProjectId.eq(project.as_str()))
        .into_query();
    let listed = private.add(Column::Id.in_subquery(listed));
    match filter.public {
        Some(true) => vec![public],
        Some(false) => vec![listed],
        None => vec![public, listed],
    }
}

fn sizes(filter: &FlavorFilter) -> Condition {
    // What no column can hold, no flavor has.
    let at_least = |least: u64| i64::try_from(least).unwrap_or(i64::MAX);
    let mut sizes = Condition::all();
    for (column, least) in [
        (Column::Vcpus, u64::from(filter.min_vcpus)),
        (Column::MemoryMb, filter.min_memory.get()),
        (Column::RootDiskGb, filter.min_root_disk.get()),
    ] {
        if least > 0 {
            sizes = sizes.add(column.gte(at_least(least)));
        }
    }
    sizes
}
