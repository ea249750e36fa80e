//! Rows of aggregates. Their hosts and metadata are in rows of their own.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use std::collections::{BTreeMap, BTreeSet};

use crate::env::Timestamp;
use crate::error::BoxError;
use crate::id::{AggregateId, HostName};
use crate::model::{Aggregate, AggregateMetadata, Generation};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_aggregates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub availability_zone: Option<String>,
    /// Whether it has a zone: what is looked for when any will do.
    pub in_zone: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub generation: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of an aggregate.
pub(in crate::repository::sql) fn row(aggregate: &Aggregate) -> ActiveModel {
    let zone = aggregate.availability_zone.as_ref();
    ActiveModel {
        id: Set(*aggregate.id.as_uuid()),
        name: Set(aggregate.name.to_string()),
        availability_zone: Set(zone.map(ToString::to_string)),
        in_zone: Set(zone.is_some()),
        created_at: Set(aggregate.created_at.as_micros()),
        updated_at: Set(aggregate.updated_at.as_micros()),
        generation: Set(aggregate.generation.get().cast_signed()),
    }
}

impl Model {
    /// The aggregate of the row, with its metadata and hosts.
    pub(in crate::repository::sql) fn into_aggregate(
        self,
        metadata: BTreeMap<String, String>,
        hosts: BTreeSet<HostName>,
    ) -> Result<Aggregate, BoxError> {
        let created_at = Timestamp::from_micros(self.created_at);
        let id = AggregateId::from_uuid(self.id);
        let mut aggregate = Aggregate::new(id, self.name.parse()?, created_at);
        aggregate.availability_zone = self.availability_zone.map(TryInto::try_into).transpose()?;
        aggregate.metadata = AggregateMetadata::try_from(metadata)?;
        aggregate.hosts = hosts;
        aggregate.updated_at = Timestamp::from_micros(self.updated_at);
        aggregate.generation = Generation::new(self.generation.cast_unsigned());
        Ok(aggregate)
    }
}
