//! Rows of the tags of servers.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::id::ServerId;
use crate::model::Tag;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_server_tags")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub tag: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a server's tag.
pub(in crate::repository::sql) fn row(server: ServerId, tag: &Tag) -> ActiveModel {
    ActiveModel {
        server_id: Set(*server.as_uuid()),
        tag: Set(tag.to_string()),
    }
}
