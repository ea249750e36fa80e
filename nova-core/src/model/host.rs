//! Compute hosts and their services.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Generation, HostTrait, Inventory, ResourceClass, Resources, ServiceState, ServiceStatus,
};
use crate::env::Timestamp;
use crate::id::{HostName, ZoneName};
use crate::state::HostCondition;

/// What a compute host says of itself, at its start and regularly afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostReport {
    /// Its name.
    pub name: HostName,
    /// The availability zone that it was put into.
    pub zone: ZoneName,
    /// Its hypervisor.
    pub hypervisor: HypervisorInfo,
    /// What it can do, by the names that `capabilities:` extra specs use.
    pub capabilities: BTreeMap<String, String>,
    /// Its traits.
    pub traits: BTreeSet<HostTrait>,
    /// What it offers.
    pub inventories: BTreeMap<ResourceClass, Inventory>,
}

impl HostReport {
    /// A host that can do nothing in particular and offers nothing yet.
    pub fn new(name: HostName, zone: ZoneName, hypervisor: HypervisorInfo) -> Self {
        Self {
            name,
            zone,
            hypervisor,
            capabilities: BTreeMap::new(),
            traits: BTreeSet::new(),
            inventories: BTreeMap::new(),
        }
    }

    /// What it can do, in the place of what was there.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: BTreeMap<String, String>) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// One more thing that it can do.
    #[must_use]
    pub fn with_capability(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.capabilities.insert(name.into(), value.into());
        self
    }

    /// Its traits, in the place of those that were there.
    #[must_use]
    pub fn with_traits(mut self, traits: BTreeSet<HostTrait>) -> Self {
        self.traits = traits;
        self
    }

    /// One more trait.
    #[must_use]
    pub fn with_trait(mut self, name: HostTrait) -> Self {
        self.traits.insert(name);
        self
    }

    /// What it offers, in the place of what was there.
    #[must_use]
    pub fn with_inventories(mut self, inventories: BTreeMap<ResourceClass, Inventory>) -> Self {
        self.inventories = inventories;
        self
    }

    /// Offers so much of a class.
    #[must_use]
    pub fn with_inventory(mut self, class: ResourceClass, inventory: Inventory) -> Self {
        self.inventories.insert(class, inventory);
        self
    }
}

/// The program that runs a host's guests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HypervisorInfo {
    /// Its kind, as Nova writes it: `QEMU`, `mock`.
    pub kind: String,
    /// Its version as one number: major × 1,000,000 + minor × 1,000 + micro, as libvirt counts.
    pub version: u64,
    /// The architecture of its guests, as in `x86_64`.
    pub architecture: String,
}

impl HypervisorInfo {
    /// A hypervisor of this kind and version, with guests of this architecture.
    pub fn new(kind: impl Into<String>, version: u64, architecture: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            version,
            architecture: architecture.into(),
        }
    }
}

/// A compute host as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Host {
    /// What it last said of itself.
    pub report: HostReport,
    /// What was decided of it.
    pub service: ServiceStatus,
    /// When it first reported.
    pub created_at: Timestamp,
    /// When it last reported.
    pub last_seen: Timestamp,
    /// Counts decisions ([`service`](Self::service)), not reports.
    pub generation: Generation,
}

impl Host {
    /// Nova's `service_down_time`: a host that is silent for longer counts as down.
    pub const DEFAULT_DOWN_AFTER: Duration = Duration::from_secs(60);

    /// A host that reports for the first time, about which nothing was decided.
    pub fn new(report: HostReport, now: Timestamp) -> Self {
        Self {
            report,
            service: ServiceStatus::enabled(),
            created_at: now,
            last_seen: now,
            generation: Generation::FIRST,
        }
    }

    /// With what it says now.
    #[must_use]
    pub fn with_report(mut self, report: HostReport, now: Timestamp) -> Self {
        self.report = report;
        self.last_seen = now;
        self
    }

    /// With this decision, which makes it this generation.
    #[must_use]
    pub fn with_service(mut self, service: ServiceStatus, generation: Generation) -> Self {
        self.service = service;
        self.generation = generation;
        self
    }

    /// With its last report at that time.
    #[must_use]
    pub fn with_last_seen(mut self, last_seen: Timestamp) -> Self {
        self.last_seen = last_seen;
        self
    }

    /// The host's name.
    pub fn name(&self) -> &HostName {
        &self.report.name
    }

    /// Whether it counts as up: not declared down, and heard of within `down_after` of now. As in
    /// Nova, a report from the future is as far away as one from the past.
    pub fn condition(&self, now: Timestamp, down_after: Duration) -> HostCondition {
        let distance = now
            .duration_since(self.last_seen)
            .max(self.last_seen.duration_since(now));
        if self.service.forced_down() || distance > down_after {
            HostCondition::Down
        } else {
            HostCondition::Up
        }
    }

    /// The same, as lists of services show it.
    pub fn service_state(&self, now: Timestamp, down_after: Duration) -> ServiceState {
        match self.condition(now, down_after) {
            HostCondition::Up => ServiceState::Up,
            HostCondition::Down => ServiceState::Down,
        }
    }
}

/// A host and what is claimed on it: what a scheduler plans with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostUsage {
    /// The host.
    pub host: Host,
    /// The sum of all claims on it.
    pub used: Resources,
    /// How many servers hold claims on it. One that moves counts where it is and where it goes.
    pub servers: u64,
}
