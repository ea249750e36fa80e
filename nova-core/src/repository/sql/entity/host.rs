//! Rows of hosts. What they offer is in rows of its own.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use serde::Deserialize;

use super::json;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::model::{
    Generation, Host, HostReport, HostTrait, Inventory, ResourceClass, ServiceAvailability,
    ServiceStatus,
};

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
    pub disabled: bool,
    pub forced_down: bool,
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
        service: Set(json::write("service", &ServiceStatus::enabled())?),
        created_at: Set(now.as_micros()),
        last_seen: Set(now.as_micros()),
        generation: Set(Generation::FIRST.get().cast_signed()),
        disabled: Set(false),
        forced_down: Set(false),
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

/// The columns of a decision on a host: its text, and what lists are filtered by.
pub(in crate::repository::sql) fn decision(
    service: &ServiceStatus,
    generation: Generation,
) -> Result<ActiveModel> {
    Ok(ActiveModel {
        service: Set(json::write("service", service)?),
        disabled: Set(service.availability() == ServiceAvailability::Disabled),
        forced_down: Set(service.forced_down()),
        generation: Set(generation.get().cast_signed()),
        ..Default::default()
    })
}

impl Model {
    /// The host of the row, with what it offers.
    pub(in crate::repository::sql) fn into_host(
        self,
        inventories: BTreeMap<ResourceClass, Inventory>,
    ) -> Result<Host, BoxError> {
        let report = HostReport::new(
            self.name.parse()?,
            self.zone.parse()?,
            json::read(&self.hypervisor)?,
        )
        .with_capabilities(json::read(&self.capabilities)?)
        .with_traits(traits(&self.traits)?)
        .with_inventories(inventories);
        let generation = Generation::new(self.generation.cast_unsigned());
        let host = Host::new(report, Timestamp::from_micros(self.created_at))
            .with_last_seen(Timestamp::from_micros(self.last_seen))
            .with_service(status(&self.service)?, generation);
        Ok(host)
    }
}

/// The traits in the text. The first version took any text for one: what is none is left out,
/// until the host reports again.
fn traits(text: &str) -> Result<BTreeSet<HostTrait>, BoxError> {
    let names: BTreeSet<String> = json::read(text)?;
    Ok(names
        .into_iter()
        .filter_map(|name| HostTrait::new(name).ok())
        .collect())
}

/// The decision in the text. The first version took any text for a reason: it is made a valid one,
/// for a host that is disabled must not appear enabled, nor keep others from being read.
fn status(text: &str) -> Result<ServiceStatus, BoxError> {
    #[derive(Deserialize)]
    struct Any {
        disabled_reason: Option<String>,
        forced_down: bool,
    }
    let any: Any = json::read(text)?;
    let status = ServiceStatus::enabled().force_down(any.forced_down);
    let Some(reason) = any.disabled_reason else {
        return Ok(status);
    };
    if let Ok(status) = status.clone().disable(&*reason) {
        return Ok(status);
    }
    let valid: String = reason
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(ServiceStatus::MAX_REASON_CHARS)
        .collect();
    Ok(match valid.is_empty() {
        true => status.disable("no reason was given")?,
        false => status.disable(valid)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_first_version_wrote_is_read() {
        let reason = |text: &str| {
            let json = serde_json::json!({"disabled_reason": text, "forced_down": true});
            let status = status(&json.to_string()).unwrap();
            assert!(status.forced_down());
            status.disabled_reason().map(str::to_owned)
        };
        assert_eq!(reason("full").as_deref(), Some("full"));
        assert_eq!(reason("").as_deref(), Some("no reason was given"));
        assert_eq!(reason("a\0b").as_deref(), Some("a b"));
        assert_eq!(reason(&"\u{e4}".repeat(300)).unwrap().chars().count(), 255);
        let none = status(r#"{"disabled_reason":null,"forced_down":false}"#).unwrap();
        assert_eq!(none, ServiceStatus::enabled());

        let traits = traits(r#"["CUSTOM_A", "no trait"]"#).unwrap();
        assert_eq!(traits, [HostTrait::new("CUSTOM_A").unwrap()].into());
    }
}
