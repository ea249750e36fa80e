//! Rows of allocations: one for each consumer, host and class.

use std::collections::BTreeMap;

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::error::BoxError;
use crate::id::HostName;
use crate::model::{ResourceClass, Resources};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_allocations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub consumer: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub host: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub class: String,
    pub amount: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::consumer::Entity",
        from = "Column::Consumer",
        to = "super::consumer::Column::Id"
    )]
    Consumer,
}

impl Related<super::consumer::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Consumer.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// The rows of a claim whose amounts fit.
pub(in crate::repository::sql) fn rows(
    consumer: Uuid,
    wanted: &BTreeMap<HostName, Resources>,
) -> Vec<ActiveModel> {
    let mut rows = Vec::new();
    for (host, resources) in wanted {
        for (class, amount) in resources.iter() {
            rows.push(ActiveModel {
                consumer: Set(consumer),
                host: Set(host.to_string()),
                class: Set(class.to_string()),
                amount: Set(amount.cast_signed()),
            });
        }
    }
    rows
}

/// What the rows hold, by consumer and host, each in its order.
pub(in crate::repository::sql) fn held(
    rows: &[Model],
) -> Result<BTreeMap<(Uuid, HostName), Resources>, BoxError> {
    let mut held: BTreeMap<(Uuid, HostName), Resources> = BTreeMap::new();
    for row in rows {
        let key = (row.consumer, row.host.parse()?);
        let class: ResourceClass = row.class.parse()?;
        held.entry(key)
            .or_default()
            .set(class, u64::try_from(row.amount)?);
    }
    Ok(held)
}
