//! One host as a value of its own: a row that goes into a fleet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nova_core::Timestamp;
use nova_core::id::{HostName, ZoneName};
use nova_core::model::{HostTrait, HostUsage, HypervisorInfo, Inventory, ResourceClass, Resources};
use serde::{Deserialize, Serialize};

use super::Liveness;

/// Everything that a scheduler knows of one host.
///
/// ```
/// use nova_core::model::{Inventory, ResourceClass};
/// use nova_sched::HostState;
///
/// let host = HostState::new("node-1".parse()?, "az1".parse()?)
///     .with_inventory(ResourceClass::Vcpu, Inventory::new(16, 0, 4.0)?)
///     .with_inventory(ResourceClass::MemoryMb, Inventory::new(65_536, 512, 1.0)?)
///     .with_used(ResourceClass::Vcpu, 10);
/// assert_eq!(host.used.get(&ResourceClass::Vcpu), 10);
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostState {
    /// Its name, unique in a fleet.
    pub name: HostName,
    /// Its availability zone.
    pub zone: ZoneName,
    /// Whether it answers.
    #[serde(default)]
    pub liveness: Liveness,
    /// Why no new servers go there (the text may be empty); `None` while they do.
    #[serde(default)]
    pub disabled: Option<String>,
    /// What it offers.
    #[serde(default)]
    pub inventories: BTreeMap<ResourceClass, Inventory>,
    /// What is claimed on it.
    #[serde(default)]
    pub used: Resources,
    /// How many servers hold claims on it.
    #[serde(default)]
    pub servers: u64,
    /// Its hypervisor, if it said so.
    #[serde(default)]
    pub hypervisor: Option<HypervisorInfo>,
    /// What it can do, by the names that `capabilities:` extra specs use. A value may be JSON
    /// text, as Nova's `cpu_info` is.
    #[serde(default)]
    pub capabilities: BTreeMap<String, String>,
    /// Its traits.
    #[serde(default)]
    pub traits: BTreeSet<HostTrait>,
}

impl HostState {
    /// A host that is up and enabled, and offers nothing yet.
    pub fn new(name: HostName, zone: ZoneName) -> Self {
        Self {
            name,
            zone,
            liveness: Liveness::Up,
            disabled: None,
            inventories: BTreeMap::new(),
            used: Resources::new(),
            servers: 0,
            hypervisor: None,
            capabilities: BTreeMap::new(),
            traits: BTreeSet::new(),
        }
    }

    /// The state of a stored host at the time `now`; it counts as down if its last report is
    /// further away than `down_after` (see [`Liveness::of`]).
    pub fn from_usage(usage: HostUsage, now: Timestamp, down_after: Duration) -> Self {
        let liveness = Liveness::of(&usage.host, now, down_after);
        let report = usage.host.report;
        Self {
            name: report.name,
            zone: report.zone,
            liveness,
            disabled: usage.host.service.disabled_reason().map(str::to_owned),
            inventories: report.inventories,
            used: usage.used,
            servers: usage.servers,
            hypervisor: Some(report.hypervisor),
            capabilities: report.capabilities,
            traits: report.traits,
        }
    }

    /// Offers so much of a class.
    #[must_use]
    pub fn with_inventory(mut self, class: ResourceClass, inventory: Inventory) -> Self {
        self.inventories.insert(class, inventory);
        self
    }

    /// So much of a class is claimed.
    #[must_use]
    pub fn with_used(mut self, class: ResourceClass, amount: u64) -> Self {
        self.used.set(class, amount);
        self
    }

    /// A capability, by the name that `capabilities:` extra specs use.
    #[must_use]
    pub fn with_capability(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.capabilities.insert(name.into(), value.into());
        self
    }

    /// The hypervisor.
    #[must_use]
    pub fn with_hypervisor(mut self, hypervisor: HypervisorInfo) -> Self {
        self.hypervisor = Some(hypervisor);
        self
    }

    /// No new servers, for this reason.
    #[must_use]
    pub fn with_disabled(mut self, reason: impl Into<String>) -> Self {
        self.disabled = Some(reason.into());
        self
    }

    /// Whether it answers.
    #[must_use]
    pub fn with_liveness(mut self, liveness: Liveness) -> Self {
        self.liveness = liveness;
        self
    }
}
