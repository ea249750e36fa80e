//! Rows of what is in cells.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::id::CellName;
use crate::model::CellMember;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_cell_members")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub member: String,
    pub cell: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The key of a server or host. A server's id in text is ordered as the id is.
pub(in crate::repository::sql) fn key(member: &CellMember) -> (String, String) {
    let text = match member {
        CellMember::Server(id) => id.to_string(),
        CellMember::Host(name) => name.to_string(),
    };
    (member.kind().to_string(), text)
}

/// The row of a server or host in a cell.
pub(in crate::repository::sql) fn row(member: &CellMember, cell: &CellName) -> ActiveModel {
    let (kind, member) = key(member);
    ActiveModel {
        kind: Set(kind),
        member: Set(member),
        cell: Set(cell.to_string()),
    }
}
