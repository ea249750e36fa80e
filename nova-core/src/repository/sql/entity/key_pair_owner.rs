//! Rows of users who ever had a key pair: what the creation of their key pairs waits for.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::id::UserId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_key_pair_owners")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a user.
pub(in crate::repository::sql) fn row(user: &UserId) -> ActiveModel {
    ActiveModel {
        user_id: Set(user.to_string()),
    }
}
