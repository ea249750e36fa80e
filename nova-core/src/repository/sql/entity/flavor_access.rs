//! Rows of the access lists of flavors.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::id::{FlavorId, ProjectId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_flavor_access")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub flavor_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a project on a flavor's list.
pub(in crate::repository::sql) fn row(flavor: &FlavorId, project: &ProjectId) -> ActiveModel {
    ActiveModel {
        flavor_id: Set(flavor.to_string()),
        project_id: Set(project.to_string()),
    }
}
