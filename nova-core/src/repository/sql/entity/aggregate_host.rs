//! Rows of the hosts in aggregates.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::aggregate;
use crate::id::{AggregateId, HostName};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_aggregate_hosts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub aggregate_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub host: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a host in an aggregate.
pub(in crate::repository::sql) fn row(aggregate: AggregateId, host: &HostName) -> ActiveModel {
    ActiveModel {
        aggregate_id: Set(*aggregate.as_uuid()),
        host: Set(host.to_string()),
    }
}

/// From a row to its aggregate.
pub(in crate::repository::sql) fn to_aggregate() -> RelationDef {
    Entity::belongs_to(aggregate::Entity)
        .from(Column::AggregateId)
        .to(aggregate::Column::Id)
        .into()
}
