//! Rows of hosts. What they offer is in rows of its own.

use std::collections::BTreeMap;

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::json;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::model::{Generation, Host, HostReport, Inventory, ResourceClass, ServiceStatus};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_hosts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub zone: String,
    pub hypervisor: String,
    pub capabilities: String,
    pub traits: String,
    pub service: String,
    pub created_at: i64,
    pub last_seen: i64,
    pub generation: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a host that reports for the first time.
pub(in crate::repository::sql) fn row(report: &HostReport, now: Timestamp) -> Result<ActiveModel> {
    Ok(ActiveModel {
        name: Set(report.name.to_string()),
        zone: Set(report.zone.to_string()),
        hypervisor: Set(json::write("hypervisor", &report.hypervisor)?),
        capabilities: Set(json::write("capabilities", &report.capabilities)?),
        traits: Set(json::write("traits", &report.traits)?),
        service: Set(service(&ServiceStatus::default())?),
        created_at: Set(now.as_micros()),
        last_seen: Set(now.as_micros()),
        generation: Set(Generation::FIRST.get().cast_signed()),
    })
}

/// The columns that a report replaces.
pub(in crate::repository::sql) const REPORTED: [Column; 5] = [
    Column::Zone,
    Column::Hypervisor,
    Column::Capabilities,
    Column::Traits,
    Column::LastSeen,
];

/// The text of a decision on a host.
pub(in crate::repository::sql) fn service(service: &ServiceStatus) -> Result<String> {
    json::write("service", service)
}

impl Model {
    /// The host of the row, with what it offers.
    pub(in crate::repository::sql) fn into_host(
        self,
        inventories: BTreeMap<ResourceClass, Inventory>,
    ) -> Result<Host, BoxError> {
        Ok(Host {
            report: HostReport {
                name: self.name.parse()?,
                zone: self.zone.parse()?,
                hypervisor: json::read(&self.hypervisor)?,
                capabilities: json::read(&self.capabilities)?,
                traits: json::read(&self.traits)?,
                inventories,
            },
            service: json::read(&self.service)?,
            created_at: Timestamp::from_micros(self.created_at),
            last_seen: Timestamp::from_micros(self.last_seen),
            generation: Generation::new(self.generation.cast_unsigned()),
        })
    }
}
