//! Rows of the servers in groups.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::id::{ServerGroupId, ServerId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_server_group_members")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: Uuid,
    pub group_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a server in a group.
pub(in crate::repository::sql) fn row(server: ServerId, group: ServerGroupId) -> ActiveModel {
    ActiveModel {
        server_id: Set(*server.as_uuid()),
        group_id: Set(*group.as_uuid()),
    }
}
