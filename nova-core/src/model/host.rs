//! Compute hosts and their services.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Generation, Inventory, ResourceClass, Resources};
use crate::env::Timestamp;
use crate::id::{HostName, ZoneName};
use crate::state::HostCondition;

/// What a compute host says of itself, at its start and regularly afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostReport {
    /// Its name.
    pub name: HostName,
    /// The availability zone that it was put into.
    pub zone: ZoneName,
    /// Its hypervisor.
    pub hypervisor: HypervisorInfo,
    /// What it can do, by the names that `capabilities:` extra specs use.
    pub capabilities: BTreeMap<String, String>,
    /// Its traits, by the names of OpenStack's `os-traits`.
    pub traits: BTreeSet<String>,
    /// What it offers.
    pub inventories: BTreeMap<ResourceClass, Inventory>,
}

/// The program that runs a host's guests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HypervisorInfo {
    /// Its kind, as Nova writes it: `QEMU`, `mock`.
    pub kind: String,
    /// Its version as one number: major × 1,000,000 + minor × 1,000 + micro, as libvirt counts.
    pub version: u64,
    /// The architecture of its guests, as in `x86_64`.
    pub architecture: String,
}

/// What an administrator decided of a host's service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Why no new servers go there; `None` while they do.
    pub disabled_reason: Option<String>,
    /// Whether it was declared down, whatever it reports.
    pub forced_down: bool,
}

/// A compute host as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
        if self.service.forced_down || distance > down_after {
            HostCondition::Down
        } else {
            HostCondition::Up
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
