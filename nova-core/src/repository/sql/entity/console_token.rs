//! Rows of console tokens.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::json;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::id::ServerId;
use crate::model::ConsoleAccess;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_console_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    pub server_id: Uuid,
    pub kind: String,
    pub endpoint: String,
    pub expires_at: i64,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of what a token opens.
pub(in crate::repository::sql) fn row(access: &ConsoleAccess) -> Result<ActiveModel> {
    Ok(ActiveModel {
        hash: Set(access.token_hash.to_string()),
        server_id: Set(*access.server_id.as_uuid()),
        kind: Set(access.kind.to_string()),
        endpoint: Set(json::write("console endpoint", &access.endpoint)?),
        expires_at: Set(access.expires_at.as_micros()),
        created_at: Set(access.created_at.as_micros()),
    })
}

impl Model {
    /// What the token of the row opens.
    pub(in crate::repository::sql) fn into_access(self) -> Result<ConsoleAccess, BoxError> {
        Ok(ConsoleAccess::new(
            self.hash.parse()?,
            ServerId::from_uuid(self.server_id),
            self.kind.parse()?,
            json::read(&self.endpoint)?,
            Timestamp::from_micros(self.created_at),
            Timestamp::from_micros(self.expires_at),
        ))
    }
}
