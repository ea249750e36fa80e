//! What a filter or a weigher sees of one host.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::id::{HostName, ZoneName};
use nova_core::model::{HostTrait, HypervisorInfo, Inventory, ResourceClass, Resources};

use super::snapshot::{Profile, Service};
use super::{Amounts, Fleet, HostIndex, HostState, Liveness};

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
        &self.fleet.inner.zone_names[usize::try_from(number).unwrap_or(usize::MAX)]
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

    /// How many servers hold claims on it.
    pub fn servers(&self) -> u64 {
        self.fleet
            .inner
            .servers
            .get(self.index.get())
            .copied()
            .unwrap_or(0)
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
        state.servers = self.servers();
        state.hypervisor = self.hypervisor().cloned();
        state.capabilities = self.capabilities().clone();
        state.traits = self.traits().clone();
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
        state
    }

    fn service(&self) -> Option<&'a Service> {
        self.fleet.inner.services.get(self.index.get())
    }

    fn profile(&self) -> Option<&'a Profile> {
        self.fleet
            .inner
            .profiles
            .get(self.index.get())
            .map(AsRef::as_ref)
    }
}
