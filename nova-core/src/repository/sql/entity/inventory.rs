//! Rows of inventories: what a host offers of a class, and how much of it is used.
//!
//! Each host has one row besides, of the class [`CONSUMERS`], whose `used` counts the consumers
//! that hold anything on it.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

use crate::error::BoxError;
use crate::id::HostName;
use crate::model::{Inventory, ResourceClass};

/// The class of the row that counts consumers. No resource class is written in small letters.
pub(in crate::repository::sql) const CONSUMERS: &str = "consumers";

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_inventories")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub host: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub class: String,
    pub offered: bool,
    pub total: i64,
    pub reserved: i64,
    pub allocation_ratio: f64,
    pub capacity: i64,
    pub used: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of an inventory. `used` is left to who knows it; a class that is not offered has a
/// capacity of nothing.
pub(in crate::repository::sql) fn row(
    host: &HostName,
    class: &ResourceClass,
    inventory: Option<&Inventory>,
) -> ActiveModel {
    // Inventory::MAX_TOTAL keeps the amounts within an i64.
    ActiveModel {
        host: Set(host.to_string()),
        class: Set(class.to_string()),
        offered: Set(inventory.is_some()),
        total: Set(inventory.map_or(0, Inventory::total).cast_signed()),
        reserved: Set(inventory.map_or(0, Inventory::reserved).cast_signed()),
        allocation_ratio: Set(inventory.map_or(1.0, Inventory::allocation_ratio)),
        capacity: Set(inventory.map_or(0, Inventory::capacity).cast_signed()),
        used: NotSet,
    }
}

/// The row that counts the consumers of a host that has none.
pub(in crate::repository::sql) fn consumers_row(host: &HostName) -> ActiveModel {
    ActiveModel {
        host: Set(host.to_string()),
        class: Set(CONSUMERS.to_owned()),
        offered: Set(false),
        total: Set(0),
        reserved: Set(0),
        allocation_ratio: Set(1.0),
        capacity: Set(i64::MAX),
        used: Set(0),
    }
}

impl Model {
    /// The class of the row.
    pub(in crate::repository::sql) fn class(&self) -> Result<ResourceClass, BoxError> {
        Ok(self.class.parse()?)
    }

    /// What is offered, if anything is.
    pub(in crate::repository::sql) fn inventory(&self) -> Result<Option<Inventory>, BoxError> {
        if !self.offered {
            return Ok(None);
        }
        let (total, reserved) = (u64::try_from(self.total)?, u64::try_from(self.reserved)?);
        Ok(Some(Inventory::new(
            total,
            reserved,
            self.allocation_ratio,
        )?))
    }

    /// How much may still be claimed.
    pub(in crate::repository::sql) fn available(&self) -> u64 {
        u64::try_from(self.capacity.saturating_sub(self.used)).unwrap_or(0)
    }
}
