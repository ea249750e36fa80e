//! What a filter or a weigher sees of one host.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use nova_core::id::{CellName, HostName, ServerId, ZoneName};
use nova_core::model::{HostTrait, HypervisorInfo, Inventory, ResourceClass, Resources};

use super::rows::{Derived, unsigned, whole};
use super::snapshot::{Identity, Profile, Service};
use super::{
    Amounts, Fleet, HostAggregate, HostIndex, HostState, Liveness, Measure, PlacedServer, Reported,
    Stats, SupportedInstance,
};

/// One host of a fleet.
///
/// ```
/// use nova_core::model::{Inventory, ResourceClass};
/// use nova_sched::{Fleet, HostState};
///
/// let fleet = Fleet::builder()
///     .host(
///         HostState::new("node-1".parse()?, "az1".parse()?)
///             .with_inventory(ResourceClass::MemoryMb, Inventory::new(4096, 512, 1.5)?)
///             .with_capability("gpu", "4"),
///     )
///     .build();
/// let host = fleet.find(&"node-1".parse()?).expect("it was just added");
/// assert_eq!(host.amounts(&ResourceClass::MemoryMb).capacity, 5376);
/// assert_eq!(host.capability("gpu"), Some("4"));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HostView<'a> {
    fleet: &'a Fleet,
    index: HostIndex,
}

impl<'a> HostView<'a> {
    pub(super) fn new(fleet: &'a Fleet, index: HostIndex) -> Self {
        Self { fleet, index }
    }

    /// Its place in the fleet.
    pub fn index(&self) -> HostIndex {
        self.index
    }

    /// The fleet that it is in.
    pub fn fleet(&self) -> &'a Fleet {
        self.fleet
    }

    /// Its name.
    ///
    /// # Panics
    /// If the index is not of this fleet, as indexing a slice does.
    pub fn name(&self) -> &'a HostName {
        &self.fleet.inner.names[self.index.get()]
    }

    /// Its availability zone.
    ///
    /// # Panics
    /// If the index is not of this fleet, as indexing a slice does.
    pub fn zone(&self) -> &'a ZoneName {
        let number = self.fleet.inner.zones[self.index.get()];
        &self.fleet.inner.zone_names.list()[usize::try_from(number).unwrap_or(usize::MAX)]
    }

    /// Whether it answers.
    pub fn liveness(&self) -> Liveness {
        self.service()
            .map_or(Liveness::Up, |service| service.liveness)
    }

    /// Why no new servers go there; `None` while they do.
    pub fn disabled_reason(&self) -> Option<&'a str> {
        self.service()?.disabled.as_deref()
    }

    /// How much of a class it has; all zero if it does not offer the class.
    pub fn amounts(&self, class: &ResourceClass) -> Amounts {
        self.fleet.amounts(self.index, class)
    }

    /// One of the numbers that weighers read.
    pub fn measure(&self, measure: Measure) -> f64 {
        let column = self.fleet.measure(measure);
        column.get(self.index.get()).unwrap_or(0.0)
    }

    /// The same as a whole number, which all but free processors are.
    pub fn count(&self, measure: Measure) -> i64 {
        whole(self.measure(measure))
    }

    /// How many processors are in use, as weighers count.
    pub fn vcpus_used(&self) -> i64 {
        let used = self.fleet.inner.vcpus_used.get(self.index.get());
        whole(used.copied().unwrap_or(0.0))
    }

    /// How many servers hold claims on it.
    pub fn servers(&self) -> u64 {
        u64::try_from(self.count(Measure::Servers)).unwrap_or(0)
    }

    /// Those of its servers that are known one by one, by their ids.
    pub fn placed(&self) -> &'a [PlacedServer] {
        let placed = self.fleet.inner.placed.get(self.index.get());
        placed.and_then(Option::as_deref).unwrap_or_default()
    }

    /// Whether a server is known to be on it.
    pub fn has_server(&self, server: &ServerId) -> bool {
        self.placed()
            .binary_search_by_key(server, |placed| placed.id)
            .is_ok()
    }

    /// Whether a server is known to be on it or on another node of its compute service: Nova lists
    /// servers by service.
    pub fn service_has_server(&self, server: &ServerId) -> bool {
        self.has_server(server)
            || (self.fleet.has_shared_services() && self.fleet.serves(self.service_host(), server))
    }

    /// The host of its compute service; its own name for most.
    ///
    /// # Panics
    /// If the index is not of this fleet, as indexing a slice does.
    pub fn service_host(&self) -> &'a HostName {
        self.identity()
            .and_then(|identity| identity.service_host.as_deref())
            .unwrap_or_else(|| self.name())
    }

    /// Its cell, if it is known.
    pub fn cell(&self) -> Option<&'a CellName> {
        let number = self.identity()?.cell?.get() - 1;
        let names = self.fleet.inner.cell_names.list();
        names.get(usize::try_from(number).ok()?)
    }

    /// Its address, if it is known.
    pub fn host_ip(&self) -> Option<IpAddr> {
        self.identity()?.ip
    }

    /// The aggregates that it is in.
    pub fn aggregates(&self) -> impl Iterator<Item = &'a HostAggregate> + use<'a> {
        self.fleet.inner.aggregates.of(self.index.get())
    }

    /// The values that its aggregates have for a key.
    pub fn aggregate_values(&self, key: &str) -> impl Iterator<Item = &'a str> {
        self.aggregates()
            .filter_map(move |aggregate| aggregate.metadata.get(key).map(String::as_str))
    }

    /// The kinds of guests that it runs.
    pub fn supported_instances(&self) -> &'a [SupportedInstance] {
        self.profile()
            .map_or(&[], |profile| &profile.supported_instances)
    }

    /// The counters that its agent reports.
    pub fn stats(&self) -> &'a Stats {
        static NONE: LazyLock<Stats> = LazyLock::new(Stats::default);
        let stats = self.fleet.inner.stats.get(self.index.get());
        stats.and_then(Option::as_deref).unwrap_or(&NONE)
    }

    /// The measurements that its monitors report.
    pub fn metrics(&self) -> &'a BTreeMap<String, f64> {
        static NONE: BTreeMap<String, f64> = BTreeMap::new();
        let metrics = self.fleet.inner.metrics.get(self.index.get());
        metrics.and_then(Option::as_deref).unwrap_or(&NONE)
    }

    /// Whether it ever said anything of itself: its hypervisor, what it offers or what it measures.
    pub fn has_reported(&self) -> bool {
        self.hypervisor().is_some()
            || !self.metrics().is_empty()
            || self.fleet.offers_anything(self.index)
    }

    /// Its hypervisor, if it said so.
    pub fn hypervisor(&self) -> Option<&'a HypervisorInfo> {
        self.profile()?.hypervisor.as_ref()
    }

    /// One of its capabilities, as text.
    pub fn capability(&self, name: &str) -> Option<&'a str> {
        self.profile()?.capabilities.get(name).map(String::as_str)
    }

    /// All its capabilities, by name.
    pub fn capabilities(&self) -> &'a BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.profile()
            .map_or(&NONE, |profile| &profile.capabilities)
    }

    /// Its traits.
    pub fn traits(&self) -> &'a BTreeSet<HostTrait> {
        static NONE: BTreeSet<HostTrait> = BTreeSet::new();
        self.profile().map_or(&NONE, |profile| &profile.traits)
    }

    /// The host as a value of its own, to change it and hand it to
    /// [`Fleet::with_host`].
    pub fn to_state(&self) -> HostState {
        let mut state = HostState::new(self.name().clone(), self.zone().clone());
        state.liveness = self.liveness();
        state.disabled = self.disabled_reason().map(str::to_owned);
        let identity = self.identity();
        state.service_host =
            identity.and_then(|identity| identity.service_host.as_deref().cloned());
        state.cell = self.cell().cloned();
        state.host_ip = self.host_ip();
        state.servers = self.servers();
        state.placed = self.placed().to_vec();
        state.io_operations = self.natural(Measure::IoOperations);
        state.failed_builds = self.natural(Measure::FailedBuilds);
        state.hypervisor = self.hypervisor().cloned();
        state.supported_instances = self.supported_instances().to_vec();
        state.capabilities = self.capabilities().clone();
        state.stats = self.stats().to_map();
        state.metrics = self.metrics().clone();
        state.traits = self.traits().clone();
        state.numa_topology = self.numa_topology().map(|cells| (**cells).clone());
        state.pci_pools = self
            .pci_pools()
            .map(|pools| (**pools).clone())
            .unwrap_or_default();
        let standard = [
            ResourceClass::Vcpu,
            ResourceClass::MemoryMb,
            ResourceClass::DiskGb,
        ];
        let mut used = Resources::new();
        for class in standard.iter().chain(self.fleet.inner.others.keys()) {
            let amounts = self.amounts(class);
            used.set(class.clone(), amounts.used);
            // A ratio of zero, which no inventory has, stands for a class that is not offered.
            if let Ok(inventory) = Inventory::new(amounts.total, amounts.reserved, amounts.ratio) {
                state.inventories.insert(class.clone(), inventory);
            }
        }
        state.used = used;
        state.reported = self.reported();
        state
    }

    /// What differs from what inventories and claims say.
    fn reported(&self) -> Reported {
        let derived = Derived::of(|class| self.amounts(class));
        let used = self.vcpus_used().unsigned_abs();
        let (ram, disk) = (
            self.measure(Measure::FreeRam),
            self.measure(Measure::FreeDisk),
        );
        let fewer = self.placed().len() > usize::try_from(self.servers()).unwrap_or(usize::MAX);
        Reported {
            servers: fewer.then(|| self.servers()),
            vcpus_used: (unsigned(used).total_cmp(&derived.vcpus_used).is_ne()).then_some(used),
            free_ram_mb: ram.total_cmp(&derived.free_ram).is_ne().then(|| whole(ram)),
            free_disk_mb: disk
                .total_cmp(&derived.free_disk)
                .is_ne()
                .then(|| whole(disk)),
        }
    }

    fn natural(&self, measure: Measure) -> u64 {
        u64::try_from(self.count(measure)).unwrap_or(0)
    }

    fn identity(&self) -> Option<&'a Identity> {
        self.fleet.inner.identities.get(self.index.get())
    }

    fn service(&self) -> Option<&'a Service> {
        self.fleet.inner.services.get(self.index.get())?.as_deref()
    }

    pub(crate) fn profile(&self) -> Option<&'a Profile> {
        let (profiles, numbers) = self.fleet.profiles();
        let number = usize::try_from(*numbers.get(self.index.get())?).ok()?;
        profiles.get(number).map(AsRef::as_ref)
    }
}
