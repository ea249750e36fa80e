//! Rows of migrations.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::json;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::id::{MigrationId, ServerId};
use crate::model::{Flavor, Generation, Migration, MigrationProgress, NewMigration};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_server_migrations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub server_id: Uuid,
    /// The server while the migration has not ended, and unique: there is one such of a server.
    pub open_server: Option<Uuid>,
    pub in_progress: bool,
    pub kind: String,
    pub status: String,
    pub source_host: String,
    pub dest_host: Option<String>,
    pub request_id: String,
    pub user_id: String,
    pub project_id: String,
    pub details: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub generation: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What nothing is looked for in.
#[derive(Serialize, Deserialize)]
struct Details {
    old_flavor: Option<Flavor>,
    new_flavor: Option<Flavor>,
    progress: Option<MigrationProgress>,
}

/// The row of a migration.
pub(in crate::repository::sql) fn row(migration: &Migration) -> Result<ActiveModel> {
    let server = *migration.server_id.as_uuid();
    let in_progress = migration.status.in_progress();
    let details = Details {
        old_flavor: migration.old_flavor.clone(),
        new_flavor: migration.new_flavor.clone(),
        progress: migration.progress,
    };
    Ok(ActiveModel {
        id: Set(*migration.id.as_uuid()),
        server_id: Set(server),
        open_server: Set(in_progress.then_some(server)),
        in_progress: Set(in_progress),
        kind: Set(migration.kind.to_string()),
        status: Set(migration.status.to_string()),
        source_host: Set(migration.source_host.to_string()),
        dest_host: Set(migration.dest_host.as_ref().map(ToString::to_string)),
        request_id: Set(migration.request_id.to_string()),
        user_id: Set(migration.user_id.to_string()),
        project_id: Set(migration.project_id.to_string()),
        details: Set(json::write("migration", &details)?),
        created_at: Set(migration.created_at.as_micros()),
        updated_at: Set(migration.updated_at.as_micros()),
        generation: Set(migration.generation.get().cast_signed()),
    })
}

impl Model {
    /// The migration of the row.
    pub(in crate::repository::sql) fn into_migration(self) -> Result<Migration, BoxError> {
        let details: Details = json::read(&self.details)?;
        let new = NewMigration {
            id: MigrationId::from_uuid(self.id),
            server_id: ServerId::from_uuid(self.server_id),
            kind: self.kind.parse()?,
            source_host: self.source_host.parse()?,
            dest_host: self.dest_host.map(TryInto::try_into).transpose()?,
            old_flavor: details.old_flavor,
            new_flavor: details.new_flavor,
            request_id: self.request_id.parse()?,
            user_id: self.user_id.parse()?,
            project_id: self.project_id.parse()?,
        };
        Ok(Migration {
            status: self.status.parse()?,
            progress: details.progress,
            updated_at: Timestamp::from_micros(self.updated_at),
            generation: Generation::new(self.generation.cast_unsigned()),
            ..Migration::begin(new, Timestamp::from_micros(self.created_at))
        })
    }
}
