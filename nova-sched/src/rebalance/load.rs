//! What scores see: hosts as they are, or with one server more or less.

use std::collections::BTreeMap;

use nova_core::model::{ResourceClass, Resources};

use crate::fleet::{Amounts, Fleet, HostIndex, HostView};

/// What all hosts of a fleet together have. Moves do not change it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FleetLoad {
    hosts: usize,
    /// Capacity and use.
    classes: BTreeMap<ResourceClass, (u64, u64)>,
}

impl FleetLoad {
    /// Of a fleet.
    pub fn of(fleet: &Fleet) -> Self {
        let standard = [
            ResourceClass::Vcpu,
            ResourceClass::MemoryMb,
            ResourceClass::DiskGb,
        ];
        let classes = standard.iter().chain(fleet.other_classes());
        let sums = classes.filter_map(|class| {
            let column = fleet.resource(class)?;
            let capacity = column.capacity().fold(0, u64::saturating_add);
            let used = column.used().iter().copied().fold(0, u64::saturating_add);
            Some((class.clone(), (capacity, used)))
        });
        Self {
            hosts: fleet.len(),
            classes: sums.collect(),
        }
    }

    /// How many hosts there are.
    pub fn hosts(&self) -> usize {
        self.hosts
    }

    /// How much of a class may be claimed on all hosts together.
    pub fn capacity(&self, class: &ResourceClass) -> u64 {
        self.classes.get(class).map_or(0, |(capacity, _)| *capacity)
    }

    /// How much of it is claimed.
    pub fn used(&self, class: &ResourceClass) -> u64 {
        self.classes.get(class).map_or(0, |(_, used)| *used)
    }

    /// Which part of it is claimed; `None` if no host offers any.
    pub fn utilisation(&self, class: &ResourceClass) -> Option<f64> {
        share(self.used(class), self.capacity(class))
    }
}

/// One host, as it is or as it would be.
#[derive(Debug, Clone, Copy)]
pub struct HostLoad<'a> {
    host: HostView<'a>,
    change: Change<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Change<'a> {
    None,
    With(&'a Resources),
    Without(&'a Resources),
}

impl<'a> HostLoad<'a> {
    /// As it is.
    pub fn new(host: HostView<'a>) -> Self {
        Self {
            host,
            change: Change::None,
        }
    }

    pub(super) fn at(fleet: &'a Fleet, host: HostIndex) -> Self {
        Self::new(fleet.host(host))
    }

    /// With one more server that holds this.
    #[must_use]
    pub fn with(self, resources: &'a Resources) -> Self {
        let change = Change::With(resources);
        Self { change, ..self }
    }

    /// With one server less, which held this.
    #[must_use]
    pub fn without(self, resources: &'a Resources) -> Self {
        let change = Change::Without(resources);
        Self { change, ..self }
    }

    /// What does not change: its name, zone, traits, capabilities. Its claims and its servers are
    /// those of before the change.
    pub fn host(&self) -> HostView<'a> {
        self.host
    }

    /// How many servers hold claims on it.
    pub fn servers(&self) -> u64 {
        let servers = self.host.servers();
        match self.change {
            Change::None => servers,
            Change::With(_) => servers.saturating_add(1),
            Change::Without(_) => servers.saturating_sub(1),
        }
    }

    /// How much of a class it has.
    pub fn amounts(&self, class: &ResourceClass) -> Amounts {
        let mut amounts = self.host.amounts(class);
        amounts.used = match self.change {
            Change::None => amounts.used,
            Change::With(more) => amounts.used.saturating_add(more.get(class)),
            Change::Without(less) => amounts.used.saturating_sub(less.get(class)),
        };
        amounts
    }

    /// Which part of a class's capacity is claimed, above 1 where a host is over-full; `None` if
    /// it offers none.
    pub fn utilisation(&self, class: &ResourceClass) -> Option<f64> {
        let amounts = self.amounts(class);
        share(amounts.used, amounts.capacity)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "amounts stay below 2^53, where f64 is exact"
)]
fn share(used: u64, capacity: u64) -> Option<f64> {
    (capacity > 0).then(|| used as f64 / capacity as f64)
}
