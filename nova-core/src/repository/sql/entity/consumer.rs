//! Rows of consumers: there while they hold anything.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::id::{MigrationId, ServerId};
use crate::model::{Claim, Consumer};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_consumers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of a migration, the server that it moves, or the migration itself if it claimed for itself;
    /// of a server, nothing.
    pub server_id: Option<Uuid>,
    /// For which request it holds what it holds.
    pub request_id: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a claim's consumer.
pub(in crate::repository::sql) fn row(claim: &Claim) -> ActiveModel {
    ActiveModel {
        id: Set(*claim.consumer.as_uuid()),
        server_id: Set(match claim.consumer {
            Consumer::Server(_) => None,
            Consumer::Migration(id) => Some(*id.as_uuid()),
        }),
        request_id: Set(Some(claim.request.to_string())),
    }
}

impl Model {
    /// Who it is.
    pub(in crate::repository::sql) fn consumer(&self) -> Consumer {
        match self.server_id {
            Some(_) => Consumer::Migration(MigrationId::from_uuid(self.id)),
            None => Consumer::Server(ServerId::from_uuid(self.id)),
        }
    }
}
