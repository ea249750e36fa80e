//! Rows of flavors.

use std::collections::BTreeMap;

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::json;
use crate::error::{BoxError, Result};
use crate::model::Flavor;
use crate::units::{Gibibytes, Mebibytes};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_flavors")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub vcpus: i64,
    pub memory_mb: i64,
    pub root_disk_gb: i64,
    pub extra_specs: String,
    pub ephemeral_gb: i64,
    pub swap_mb: i64,
    pub is_public: bool,
    pub description: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a flavor.
pub(in crate::repository::sql) fn row(flavor: &Flavor) -> Result<ActiveModel> {
    Ok(ActiveModel {
        id: Set(flavor.id().to_string()),
        vcpus: Set(i64::from(flavor.vcpus())),
        memory_mb: Set(flavor.memory().get().cast_signed()),
        root_disk_gb: Set(flavor.root_disk().get().cast_signed()),
        extra_specs: Set(json::write("extra specs", flavor.extra_specs())?),
        ephemeral_gb: Set(flavor.ephemeral_disk().get().cast_signed()),
        swap_mb: Set(flavor.swap().get().cast_signed()),
        is_public: Set(flavor.is_public()),
        description: Set(flavor.description().map(ToOwned::to_owned)),
    })
}

impl Model {
    /// The flavor of the row.
    pub(in crate::repository::sql) fn into_flavor(self) -> Result<Flavor, BoxError> {
        let mut flavor = Flavor::builder(
            self.id.parse()?,
            u32::try_from(self.vcpus)?,
            Mebibytes::new(u64::try_from(self.memory_mb)?),
            Gibibytes::new(u64::try_from(self.root_disk_gb)?),
        )
        .ephemeral_disk(Gibibytes::new(u64::try_from(self.ephemeral_gb)?))
        .swap(Mebibytes::new(u64::try_from(self.swap_mb)?));
        if !self.is_public {
            flavor = flavor.private();
        }
        if let Some(description) = self.description {
            flavor = flavor.description(description);
        }
        let extra_specs: BTreeMap<String, String> = json::read(&self.extra_specs)?;
        for (key, value) in extra_specs {
            flavor = flavor.extra_spec(key, value);
        }
        Ok(flavor.build()?)
    }
}
