//! One host as a value of its own: a row that goes into a fleet.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use nova_core::Timestamp;
use nova_core::id::{CellName, HostName, ZoneName};
use nova_core::model::{HostTrait, HostUsage, HypervisorInfo, Inventory, ResourceClass, Resources};
use serde::{Deserialize, Serialize};

use super::{Liveness, PlacedServer};
use crate::numa::NumaTopology;
use crate::pci::PciPools;

/// A kind of guest that a host's hypervisor runs, in the words of Nova's `supported_instances`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupportedInstance {
    /// The guest's architecture: `x86_64`.
    pub architecture: String,
    /// The hypervisor: `kvm`, `qemu`.
    pub hypervisor_type: String,
    /// How much the guest knows of its hypervisor: `hvm`, `xen`.
    pub vm_mode: String,
}

impl SupportedInstance {
    /// A kind of guest.
    pub fn new(
        architecture: impl Into<String>,
        hypervisor_type: impl Into<String>,
        vm_mode: impl Into<String>,
    ) -> Self {
        Self {
            architecture: architecture.into(),
            hypervisor_type: hypervisor_type.into(),
            vm_mode: vm_mode.into(),
        }
    }
}

/// What a host's own agent says is used or free, where that is not what follows from inventories
/// and claims. Weighers and capabilities go by it, as Nova's host state goes by the compute
/// node's record; filters of resources do not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Reported {
    /// Processors in use.
    #[serde(default)]
    pub vcpus_used: Option<u64>,
    /// Free memory in MiB; below zero where more is lent than there is.
    #[serde(default)]
    pub free_ram_mb: Option<i64>,
    /// Free disk in MiB: the lesser of what is not promised and what is really there (Nova's
    /// `disk_available_least`).
    #[serde(default)]
    pub free_disk_mb: Option<i64>,
    /// How many servers there are, where that is not as many as are known to the scheduler (Nova's
    /// `num_instances`).
    #[serde(default)]
    pub servers: Option<u64>,
}

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
    /// Its name, unique in a fleet (Nova's `nodename`).
    pub name: HostName,
    /// The host of its compute service (Nova's `host`), where that has another name than this
    /// node: a service that manages several machines.
    #[serde(default)]
    pub service_host: Option<HostName>,
    /// Its cell.
    #[serde(default)]
    pub cell: Option<CellName>,
    /// Its address.
    #[serde(default)]
    pub host_ip: Option<IpAddr>,
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
    /// What its own agent says is used or free.
    #[serde(default)]
    pub reported: Reported,
    /// How many servers hold claims on it; at least as many as are `placed`.
    #[serde(default)]
    pub servers: u64,
    /// Those of its servers that are known one by one.
    #[serde(default)]
    pub placed: Vec<PlacedServer>,
    /// Builds, resizes, snapshots and the like that are under way on it (Nova's `io_workload`).
    #[serde(default)]
    pub io_operations: u64,
    /// Builds that failed on it since the last that did not.
    #[serde(default)]
    pub failed_builds: u64,
    /// Its hypervisor, if it said so.
    #[serde(default)]
    pub hypervisor: Option<HypervisorInfo>,
    /// The kinds of guests that it runs.
    #[serde(default)]
    pub supported_instances: Vec<SupportedInstance>,
    /// What it can do, by the names that `capabilities:` extra specs use. A value may be JSON
    /// text, as Nova's `cpu_info` is. Hosts that are alike share them, so what changes from one
    /// report to the next belongs into `stats`.
    #[serde(default)]
    pub capabilities: BTreeMap<String, String>,
    /// Counters that its agent reports, by name (Nova's `stats`).
    #[serde(default)]
    pub stats: BTreeMap<String, String>,
    /// Measurements that its monitors report, by name, such as `cpu.frequency`.
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// Its traits.
    #[serde(default)]
    pub traits: BTreeSet<HostTrait>,
    /// Its NUMA cells, and what of them its servers hold, if it says so.
    #[serde(default)]
    pub numa_topology: Option<NumaTopology>,
    /// The PCI devices that it has left.
    #[serde(default)]
    pub pci_pools: PciPools,
}

impl HostState {
    /// A host that is up and enabled, and offers nothing yet.
    pub fn new(name: HostName, zone: ZoneName) -> Self {
        Self {
            name,
            service_host: None,
            cell: None,
            host_ip: None,
            zone,
            liveness: Liveness::Up,
            disabled: None,
            inventories: BTreeMap::new(),
            used: Resources::new(),
            reported: Reported::default(),
            servers: 0,
            placed: Vec::new(),
            io_operations: 0,
            failed_builds: 0,
            hypervisor: None,
            supported_instances: Vec::new(),
            capabilities: BTreeMap::new(),
            stats: BTreeMap::new(),
            metrics: BTreeMap::new(),
            traits: BTreeSet::new(),
            numa_topology: None,
            pci_pools: PciPools::default(),
        }
    }

    /// The state of a stored host at the time `now`; it counts as down if its last report is
    /// further away than `down_after` (see [`Liveness::of`]).
    pub fn from_usage(usage: HostUsage, now: Timestamp, down_after: Duration) -> Self {
        let liveness = Liveness::of(&usage.host, now, down_after);
        let report = usage.host.report;
        let (stats, capabilities) = report
            .capabilities
            .into_iter()
            .partition(|(name, _)| is_counter(name));
        let mut state = Self::new(report.name, report.zone);
        state.liveness = liveness;
        state.disabled = usage.host.service.disabled_reason().map(str::to_owned);
        state.inventories = report.inventories;
        state.used = usage.used;
        state.servers = usage.servers;
        state.supported_instances = supported_instances(&capabilities, &report.hypervisor);
        state.hypervisor = Some(report.hypervisor);
        state.capabilities = capabilities;
        state.traits = report.traits;
        state.with_stats(stats)
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

    /// Counters that its agent reports. `io_workload` and `failed_builds` among them are taken
    /// over, as in Nova.
    #[must_use]
    pub fn with_stats(mut self, stats: BTreeMap<String, String>) -> Self {
        let counter = |name: &str| stats.get(name)?.trim().parse().ok();
        self.io_operations = counter("io_workload").unwrap_or(self.io_operations);
        self.failed_builds = counter("failed_builds").unwrap_or(self.failed_builds);
        self.stats = stats;
        self
    }

    /// A measurement of its monitors. What is no finite number is none.
    #[must_use]
    pub fn with_metric(mut self, name: impl Into<String>, value: f64) -> Self {
        if value.is_finite() {
            self.metrics.insert(name.into(), value);
        }
        self
    }

    /// A trait.
    #[must_use]
    pub fn with_trait(mut self, name: HostTrait) -> Self {
        self.traits.insert(name);
        self
    }

    /// These NUMA cells, with what its servers hold of them.
    #[must_use]
    pub fn with_numa_topology(mut self, topology: NumaTopology) -> Self {
        self.numa_topology = Some(topology);
        self
    }

    /// These PCI devices, besides those that its servers hold.
    #[must_use]
    pub fn with_pci_pools(mut self, pools: PciPools) -> Self {
        self.pci_pools = pools;
        self
    }

    /// A kind of guest that it runs.
    #[must_use]
    pub fn with_supported_instance(mut self, kind: SupportedInstance) -> Self {
        self.supported_instances.push(kind);
        self
    }

    /// In this cell.
    #[must_use]
    pub fn with_cell(mut self, cell: CellName) -> Self {
        self.cell = Some(cell);
        self
    }

    /// At this address.
    #[must_use]
    pub fn with_host_ip(mut self, address: IpAddr) -> Self {
        self.host_ip = Some(address);
        self
    }

    /// Managed by the compute service of this host.
    #[must_use]
    pub fn with_service_host(mut self, host: HostName) -> Self {
        self.service_host = Some(host);
        self
    }

    /// So many servers hold claims on it.
    #[must_use]
    pub fn with_servers(mut self, servers: u64) -> Self {
        self.servers = servers;
        self
    }

    /// A server, whose resources are claimed with it.
    #[must_use]
    pub fn with_server(mut self, server: PlacedServer) -> Self {
        for (class, amount) in server.shape.resources.iter() {
            let used = self.used.get(class).saturating_add(amount);
            self.used.set(class.clone(), used);
        }
        self.servers = self.servers.saturating_add(1);
        self.placed.push(server);
        self
    }

    /// The host of its compute service: its own name unless another was given.
    pub fn service_host(&self) -> &HostName {
        self.service_host.as_ref().unwrap_or(&self.name)
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

/// The kinds of guests by the capability `supported_instances`, a JSON list of architecture,
/// hypervisor and mode as Nova's drivers report it; without it, hardware guests of the
/// hypervisor's own architecture.
fn supported_instances(
    capabilities: &BTreeMap<String, String>,
    hypervisor: &HypervisorInfo,
) -> Vec<SupportedInstance> {
    let reported = capabilities
        .get("supported_instances")
        .and_then(|text| serde_json::from_str::<Vec<[String; 3]>>(text).ok());
    match reported {
        Some(kinds) => kinds
            .into_iter()
            .map(|[architecture, kind, mode]| SupportedInstance::new(architecture, kind, mode))
            .collect(),
        None => vec![SupportedInstance::new(
            hypervisor.architecture.clone(),
            hypervisor.kind.to_lowercase(),
            "hvm",
        )],
    }
}

/// Whether a reported capability is a counter, which changes from one report to the next: those
/// that Nova's resource tracker keeps in `stats`.
fn is_counter(name: &str) -> bool {
    name.starts_with("num_") || matches!(name, "io_workload" | "failed_builds")
}
