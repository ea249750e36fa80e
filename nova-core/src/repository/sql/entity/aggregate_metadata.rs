//! Rows of the metadata of aggregates.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::model::Aggregate;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_aggregate_metadata")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub aggregate_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub meta_key: String,
    pub meta_value: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The rows of an aggregate's metadata.
pub(in crate::repository::sql) fn rows(aggregate: &Aggregate) -> Vec<ActiveModel> {
    let id = *aggregate.id.as_uuid();
    let row = |(key, value): (&str, &str)| ActiveModel {
        aggregate_id: Set(id),
        meta_key: Set(key.to_owned()),
        meta_value: Set(value.to_owned()),
    };
    aggregate.metadata.iter().map(row).collect()
}
