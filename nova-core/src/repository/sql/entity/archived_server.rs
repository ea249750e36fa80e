//! Rows of archived servers.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::json;
use crate::error::{BoxError, Result};
use crate::model::ArchivedServer;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_archived_servers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: String,
    pub name: String,
    pub deleted_at: i64,
    pub archived_at: i64,
    pub record: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of an archived server: what is looked for, and all of it as one text.
pub(in crate::repository::sql) fn row(archived: &ArchivedServer) -> Result<ActiveModel> {
    let server = &archived.server;
    let deleted_at = server.deleted_at.unwrap_or(archived.archived_at);
    Ok(ActiveModel {
        id: Set(*server.id.as_uuid()),
        project_id: Set(server.project_id.to_string()),
        name: Set(server.name.to_string()),
        deleted_at: Set(deleted_at.as_micros()),
        archived_at: Set(archived.archived_at.as_micros()),
        record: Set(json::write("archived server", archived)?),
    })
}

impl Model {
    /// The archived server of the row.
    pub(in crate::repository::sql) fn into_archived(self) -> Result<ArchivedServer, BoxError> {
        json::read(&self.record)
    }
}
