//! The snapshot itself: columns behind shared pointers, and how they are read.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::hash::BuildHasherDefault;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use nova_core::Timestamp;
use nova_core::id::{AggregateId, CellName, HostName, ServerId, ZoneName};
use nova_core::model::{HostTrait, HostUsage, HypervisorInfo, ResourceClass};

use super::aggregates::Aggregates;
use super::hardware::Hardware;
use super::measure::Measures;
use super::names::{NameIndex, Numbered};
use super::servers::ServerIndex;
use super::stats::{StatNames, Stats};
use super::{
    Amounts, Column, FleetBuilder, HostAggregate, HostView, Liveness, Measure, MeasureColumn,
    Overrides, PlacedServer, ResourceColumn, SupportedInstance,
};
use crate::candidates::Candidates;

/// A host's place in a fleet. It is good for the fleet that gave it, and for fleets made from
/// that one by claims and releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostIndex(u32);

impl HostIndex {
    /// The row of the host in every column.
    pub fn get(self) -> usize {
        // u32 fits into usize wherever a fleet of hosts fits into memory.
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    pub(crate) fn from_row(row: usize) -> Self {
        Self(u32::try_from(row).unwrap_or(u32::MAX))
    }
}

/// An immutable snapshot of hosts and of what is claimed on them.
///
/// Cloning copies one pointer. An edit returns another fleet that shares every column the edit
/// did not touch, with a [`generation`](Self::generation) one higher; plans name the generation
/// that they read. Hosts keep the order in which they were given, and among equally good hosts
/// the earlier one wins.
///
/// ```
/// use nova_core::model::{Inventory, ResourceClass, Resources};
/// use nova_sched::{Fleet, HostState};
///
/// let fleet = Fleet::builder()
///     .host(
///         HostState::new("node-1".parse()?, "az1".parse()?)
///             .with_inventory(ResourceClass::Vcpu, Inventory::new(8, 0, 2.0)?),
///     )
///     .build();
/// let node = "node-1".parse()?;
///
/// // What if four processors were taken?
/// let fuller = fleet.with_claim(&node, &Resources::new().with(ResourceClass::Vcpu, 4))?;
/// let free = |fleet: &Fleet| fleet.find(&node).map(|host| host.amounts(&ResourceClass::Vcpu).free());
/// assert_eq!((free(&fleet), free(&fuller)), (Some(16), Some(12)));
/// assert_eq!(fuller.generation(), fleet.generation() + 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Fleet {
    pub(super) inner: Arc<Columns>,
}

/// A map that is only ever asked for a key, with a hash that is the same in every process.
pub(super) type Lookup<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// The columns. Each is shared by itself, so that a claim copies only what it changes.
#[derive(Clone, Default)]
pub(super) struct Columns {
    pub(super) generation: u64,
    pub(super) names: Column<HostName>,
    pub(super) rows: Arc<NameIndex>,
    pub(super) identities: Column<Identity>,
    /// The rows of compute services whose nodes have names of their own.
    pub(super) nodes_of: Arc<Lookup<HostName, Vec<HostIndex>>>,
    /// From 1 on.
    pub(super) cell_names: Arc<Numbered<CellName>>,
    /// Whether a host was ever in another cell than others.
    pub(super) several_cells: bool,
    /// Indices into `zone_names`.
    pub(super) zones: Column<u32>,
    pub(super) zone_names: Arc<Numbered<ZoneName>>,
    /// Nothing for hosts that are in service.
    pub(super) services: Column<Option<Arc<Service>>>,
    /// The hosts that are up and not disabled.
    pub(super) in_service: Arc<Candidates>,
    /// Indices into `profiles`.
    pub(super) profile_numbers: Column<u32>,
    pub(super) profiles: Arc<Profiles>,
    pub(super) stats: Column<Option<Arc<Stats>>>,
    pub(super) stat_names: Arc<StatNames>,
    pub(super) metrics: Column<Option<Arc<BTreeMap<String, f64>>>>,
    pub(super) measures: Measures,
    pub(super) vcpus_used: Column<f64>,
    pub(super) placed: Column<Option<Arc<[PlacedServer]>>>,
    pub(super) places: ServerIndex,
    pub(super) hardware: Hardware,
    pub(super) aggregates: Arc<Aggregates>,
    pub(super) vcpu: ResourceColumn,
    pub(super) memory: ResourceColumn,
    pub(super) disk: ResourceColumn,
    /// Every other class that some host offers or has claims of.
    pub(super) others: BTreeMap<ResourceClass, ResourceColumn>,
}

/// What a host is besides its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Identity {
    /// Seldom there.
    pub(super) service_host: Option<Box<HostName>>,
    /// An index into `cell_names`.
    pub(super) cell: Option<NonZeroU32>,
    pub(super) ip: Option<IpAddr>,
}

/// What was decided of a host's service, and whether it answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Service {
    pub(super) liveness: Liveness,
    pub(super) disabled: Option<Arc<str>>,
}

/// What a host says of itself and rarely changes. Hosts that say the same share it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Profile {
    pub(crate) hypervisor: Option<HypervisorInfo>,
    pub(crate) supported_instances: Vec<SupportedInstance>,
    pub(crate) capabilities: BTreeMap<String, String>,
    pub(crate) traits: BTreeSet<HostTrait>,
}

/// The profiles, each once.
#[derive(Clone, Default)]
pub(super) struct Profiles {
    pub(super) list: Vec<Arc<Profile>>,
    pub(super) numbers: Lookup<Arc<Profile>, u32>,
}

impl Fleet {
    /// Begins a fleet without hosts.
    pub fn builder() -> FleetBuilder {
        FleetBuilder::default()
    }

    /// The fleet that a store tells of, at the time `now`; a host counts as down if its last
    /// report is further away than `down_after` (Nova's `service_down_time`,
    /// [`Host::DEFAULT_DOWN_AFTER`](nova_core::model::Host::DEFAULT_DOWN_AFTER)).
    ///
    /// ```
    /// use nova_core::Timestamp;
    /// use nova_core::model::{Host, HostUsage};
    /// use nova_sched::Fleet;
    ///
    /// fn snapshot(stored: Vec<HostUsage>, now: Timestamp) -> Fleet {
    ///     Fleet::from_usages(stored, now, Host::DEFAULT_DOWN_AFTER)
    /// }
    /// # assert!(snapshot(Vec::new(), Timestamp::EPOCH).is_empty());
    /// ```
    pub fn from_usages(
        usages: impl IntoIterator<Item = HostUsage>,
        now: Timestamp,
        down_after: Duration,
    ) -> Self {
        usages
            .into_iter()
            .fold(Self::builder(), |builder, usage| {
                builder.usage(usage, now, down_after)
            })
            .build()
    }

    /// Counts the edits that led to this fleet.
    pub fn generation(&self) -> u64 {
        self.inner.generation
    }

    /// How many hosts there are.
    pub fn len(&self) -> usize {
        self.inner.names.len()
    }

    /// Whether there is no host.
    pub fn is_empty(&self) -> bool {
        self.inner.names.is_empty()
    }

    /// The hosts, in the order of the fleet.
    pub fn hosts(&self) -> impl Iterator<Item = HostView<'_>> {
        (0..self.len()).map(|row| self.host(HostIndex::from_row(row)))
    }

    /// The host at a place.
    pub fn host(&self, index: HostIndex) -> HostView<'_> {
        HostView::new(self, index)
    }

    /// The host of a name.
    pub fn find(&self, name: &HostName) -> Option<HostView<'_>> {
        self.index_of(name).map(|index| self.host(index))
    }

    /// The place of a name.
    pub fn index_of(&self, name: &HostName) -> Option<HostIndex> {
        let row = self.inner.rows.get(&self.inner.names, name)?;
        Some(HostIndex::from_row(row))
    }

    /// The name at a place, if there is one.
    pub fn name(&self, index: HostIndex) -> Option<&HostName> {
        self.inner.names.get(index.get())
    }

    /// The columns of a class; `None` if no host knows the class.
    pub fn resource(&self, class: &ResourceClass) -> Option<&ResourceColumn> {
        match class {
            ResourceClass::Vcpu => Some(&self.inner.vcpu),
            ResourceClass::MemoryMb => Some(&self.inner.memory),
            ResourceClass::DiskGb => Some(&self.inner.disk),
            other => self.inner.others.get(other),
        }
    }

    /// The classes besides processors, memory and disk that any host offers, or has claims on.
    pub fn other_classes(&self) -> impl Iterator<Item = &ResourceClass> {
        self.inner.others.keys()
    }

    /// How much of a class the host at a place has.
    pub fn amounts(&self, index: HostIndex, class: &ResourceClass) -> Amounts {
        self.resource(class)
            .map_or_else(Amounts::default, |column| column.amounts(index.get()))
    }

    /// One of the numbers that the fleet keeps ready for every host.
    pub fn measure(&self, measure: Measure) -> &MeasureColumn {
        self.inner.measures.get(measure)
    }

    /// The hosts that are up and not disabled.
    pub fn in_service(&self) -> &Candidates {
        &self.inner.in_service
    }

    /// The number by which [`zone_numbers`](Self::zone_numbers) knows a zone; `None` if no host
    /// is in it.
    pub fn zone_number(&self, zone: &ZoneName) -> Option<u32> {
        self.inner.zone_names.number(zone)
    }

    /// The zone of each host, as a number: a column for sweeps.
    pub fn zone_numbers(&self) -> &Column<u32> {
        &self.inner.zones
    }

    /// The zones that hosts are or were in.
    pub fn zones(&self) -> &[ZoneName] {
        self.inner.zone_names.list()
    }

    /// The aggregates.
    pub fn aggregates(&self) -> impl Iterator<Item = &HostAggregate> {
        self.inner.aggregates.list.iter().map(AsRef::as_ref)
    }

    /// The aggregates whose metadata have a key, each with its hosts in the order of the fleet.
    pub fn aggregates_with(
        &self,
        key: &str,
    ) -> impl Iterator<Item = (&HostAggregate, &[HostIndex])> {
        self.inner.aggregates.with_key(key)
    }

    /// The keys that the metadata of any aggregate have, in order.
    pub fn aggregate_keys(&self) -> impl Iterator<Item = &str> {
        self.inner.aggregates.keys()
    }

    /// What the aggregates of hosts say for a key that ends with `_weight_multiplier`; `None` if no
    /// aggregate has the key.
    pub(crate) fn aggregate_multipliers(&self, key: &str) -> Option<&Overrides> {
        self.inner.aggregates.multipliers(key)
    }

    /// The hosts of an aggregate, in the order of the fleet; `None` if there is no such aggregate.
    pub fn hosts_of_aggregate(&self, id: &AggregateId) -> Option<&[HostIndex]> {
        self.inner.aggregates.rows_of(id)
    }

    /// The host that a server is on, if the fleet knows the server: of several that report it,
    /// the last that did.
    pub fn host_of(&self, server: &ServerId) -> Option<HostIndex> {
        self.inner.places.get(server).map(HostIndex)
    }

    /// All hosts that a server is on, each once: while it is moved, both may report it.
    ///
    /// ```
    /// use nova_core::model::Resources;
    /// use nova_sched::{PlacedServer, ServerShape, testing};
    ///
    /// let id = "00000000-0000-4000-8000-000000000001".parse()?;
    /// let moving = PlacedServer::new(id, ServerShape::new(Resources::new()));
    /// let from = testing::host("from").build().with_server(moving.clone());
    /// let to = testing::host("to").build().with_server(moving);
    /// let fleet = nova_sched::Fleet::builder().host(from).host(to).build();
    /// assert_eq!(fleet.hosts_of(&id).count(), 2);
    /// # Ok::<(), nova_core::Error>(())
    /// ```
    pub fn hosts_of(&self, server: &ServerId) -> impl Iterator<Item = HostIndex> + use<'_> {
        self.inner.places.rows(server).map(HostIndex)
    }

    /// The nodes of a compute service, by the name of its host ([`HostState::service_host`]).
    ///
    /// [`HostState::service_host`]: super::HostState::service_host
    pub fn nodes_of(&self, service_host: &HostName) -> impl Iterator<Item = HostIndex> {
        let own = self.index_of(service_host).filter(|row| {
            self.inner
                .identities
                .get(row.get())
                .is_none_or(|identity| identity.service_host.is_none())
        });
        let others = self.inner.nodes_of.get(service_host);
        own.into_iter().chain(others.into_iter().flatten().copied())
    }

    /// Whether hosts are known to be nodes of compute services of other names.
    pub(crate) fn has_shared_services(&self) -> bool {
        !self.inner.nodes_of.is_empty()
    }

    /// Adds, each once, the hosts whose compute service has a server, on whichever node.
    pub(crate) fn extend_with_nodes_near(&self, server: &ServerId, rows: &mut Vec<HostIndex>) {
        if !self.has_shared_services() {
            rows.extend(self.hosts_of(server));
            return;
        }
        let hosts = self.hosts_of(server);
        let nodes: BTreeSet<HostIndex> = hosts
            .flat_map(|host| self.nodes_of(self.host(host).service_host()))
            .collect();
        rows.extend(nodes);
    }

    /// Whether a server is on any node of a compute service.
    pub(crate) fn serves(&self, service_host: &HostName, server: &ServerId) -> bool {
        self.hosts_of(server)
            .any(|host| self.host(host).service_host() == service_host)
    }

    /// A number for what a host says of itself and rarely changes: hosts of the same number have
    /// the same hypervisor, supported instances, capabilities and traits.
    pub fn profile_numbers(&self) -> &Column<u32> {
        &self.inner.profile_numbers
    }

    /// Whether hosts are known to be in more than one cell.
    pub(crate) fn has_several_cells(&self) -> bool {
        self.inner.several_cells
    }

    /// Whether a host has an inventory of any class.
    pub(crate) fn offers_anything(&self, index: HostIndex) -> bool {
        let columns = [&self.inner.vcpu, &self.inner.memory, &self.inner.disk];
        let mut columns = columns.into_iter().chain(self.inner.others.values());
        columns.any(|column| {
            column
                .ratio()
                .get(index.get())
                .is_some_and(|ratio| *ratio > 0.0)
        })
    }

    /// The counters that the agents report: a column for sweeps.
    pub(crate) fn stats(&self) -> &Column<Option<Arc<Stats>>> {
        &self.inner.stats
    }

    /// The measurements that monitors report: a column for sweeps.
    pub(crate) fn metrics(&self) -> &Column<Option<Arc<BTreeMap<String, f64>>>> {
        &self.inner.metrics
    }

    /// The servers that are known one by one: a column for sweeps.
    pub(crate) fn placed(&self) -> &Column<Option<Arc<[PlacedServer]>>> {
        &self.inner.placed
    }

    /// The distinct profiles, and the number of each row's: what is asked of a profile has to be
    /// asked once for all hosts that share it.
    pub(crate) fn profiles(&self) -> (&[Arc<Profile>], &Column<u32>) {
        (&self.inner.profiles.list, &self.inner.profile_numbers)
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("generation", &self.generation())
            .field("hosts", &self.len())
            .finish_non_exhaustive()
    }
}
