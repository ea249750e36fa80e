//! Edits: each gives another fleet, one generation on.

use std::sync::Arc;

use nova_core::id::{HostName, ZoneName};
use nova_core::model::{ResourceClass, Resources};

use super::snapshot::{Columns, Profile, Service};
use super::{Fleet, HostIndex, HostState, Liveness, ResourceColumn};
use crate::error::{Error, Result};

impl Fleet {
    /// The fleet with one more server of this size on a host. The claim is not checked against
    /// what is free: whoever granted it decided that.
    ///
    /// It copies the columns of the claimed classes; [`claim`](Self::claim) does not, where
    /// nothing else holds them.
    ///
    /// # Errors
    /// [`Error::UnknownHost`].
    pub fn with_claim(&self, host: &HostName, resources: &Resources) -> Result<Self> {
        let mut fleet = self.clone();
        fleet.claim(host, resources)?;
        Ok(fleet)
    }

    /// The fleet with one server of this size less on a host. No amount falls below zero.
    ///
    /// # Errors
    /// [`Error::UnknownHost`].
    pub fn with_release(&self, host: &HostName, resources: &Resources) -> Result<Self> {
        let mut fleet = self.clone();
        fleet.release(host, resources)?;
        Ok(fleet)
    }

    /// The fleet with this host: in the place of the one of the same name, or else at the end.
    #[must_use]
    pub fn with_host(&self, host: HostState) -> Self {
        let mut fleet = self.clone();
        let columns = fleet.edit();
        match columns.row(&host.name) {
            Some(row) => columns.set(row, host),
            None => columns.push(host),
        }
        fleet
    }

    /// The fleet without a host; the same hosts if there is none of the name.
    #[must_use]
    pub fn without_host(&self, name: &HostName) -> Self {
        let mut fleet = self.clone();
        let columns = fleet.edit();
        if let Some(row) = columns.row(name) {
            columns.remove(row);
        }
        fleet
    }

    /// [`with_claim`](Self::with_claim) in place: cheap for a fleet that nothing else shares.
    ///
    /// # Errors
    /// [`Error::UnknownHost`]; then nothing changed.
    pub fn claim(&mut self, host: &HostName, resources: &Resources) -> Result<()> {
        let index = self.known(host)?;
        self.claim_at(index, resources);
        Ok(())
    }

    /// [`with_release`](Self::with_release) in place.
    ///
    /// # Errors
    /// [`Error::UnknownHost`]; then nothing changed.
    pub fn release(&mut self, host: &HostName, resources: &Resources) -> Result<()> {
        let row = self.known(host)?.get();
        let columns = self.edit();
        for (class, amount) in resources.iter() {
            columns
                .column(class)
                .update_used(row, |used| used.saturating_sub(amount));
        }
        columns.update_servers(row, |servers| servers.saturating_sub(1));
        Ok(())
    }

    pub(crate) fn claim_at(&mut self, index: HostIndex, resources: &Resources) {
        let columns = self.edit();
        for (class, amount) in resources.iter() {
            columns
                .column(class)
                .update_used(index.get(), |used| used.saturating_add(amount));
        }
        columns.update_servers(index.get(), |servers| servers.saturating_add(1));
    }

    /// Takes claims away without taking away a server: capacity that is freed.
    pub(crate) fn free_up(&mut self, host: &HostName, class: &ResourceClass, amount: u64) {
        if let Some(index) = self.index_of(host) {
            let column = self.edit().column(class);
            column.update_used(index.get(), |used| used.saturating_sub(amount));
        }
    }

    pub(crate) fn enable(&mut self, host: &HostName) {
        self.update_service(host, |service| service.disabled = None);
    }

    pub(crate) fn bring_up(&mut self, host: &HostName) {
        self.update_service(host, |service| service.liveness = Liveness::Up);
    }

    fn update_service(&mut self, host: &HostName, update: impl FnOnce(&mut Service)) {
        if let Some(index) = self.index_of(host) {
            let services = Arc::make_mut(&mut self.edit().services);
            if let Some(service) = services.get_mut(index.get()) {
                update(service);
            }
        }
    }

    fn known(&self, host: &HostName) -> Result<HostIndex> {
        self.index_of(host)
            .ok_or_else(|| Error::UnknownHost { host: host.clone() })
    }

    fn edit(&mut self) -> &mut Columns {
        let columns = Arc::make_mut(&mut self.inner);
        columns.generation = columns.generation.wrapping_add(1);
        columns
    }
}

impl Columns {
    pub(super) fn push(&mut self, host: HostState) {
        let rows = self.names.len();
        for class in host
            .inventories
            .keys()
            .chain(host.used.iter().map(|(class, _)| class))
        {
            self.ensure_column(class);
        }
        for (class, column) in self.columns() {
            column.push(host.inventories.get(&class), host.used.get(&class));
        }
        let zone = self.zone_number(&host.zone);
        Arc::make_mut(&mut self.zones).push(zone);
        Arc::make_mut(&mut self.rows).insert(host.name.clone(), row_number(rows));
        Arc::make_mut(&mut self.names).push(host.name);
        Arc::make_mut(&mut self.servers).push(host.servers);
        Arc::make_mut(&mut self.services).push(Service {
            liveness: host.liveness,
            disabled: host.disabled.map(Arc::from),
        });
        Arc::make_mut(&mut self.profiles).push(Arc::new(Profile {
            hypervisor: host.hypervisor,
            capabilities: host.capabilities,
            traits: host.traits,
        }));
    }

    fn set(&mut self, row: usize, host: HostState) {
        for class in host
            .inventories
            .keys()
            .chain(host.used.iter().map(|(class, _)| class))
        {
            self.ensure_column(class);
        }
        for (class, column) in self.columns() {
            column.set(row, host.inventories.get(&class), host.used.get(&class));
        }
        let zone = self.zone_number(&host.zone);
        replace(&mut self.zones, row, zone);
        replace(&mut self.servers, row, host.servers);
        let service = Service {
            liveness: host.liveness,
            disabled: host.disabled.map(Arc::from),
        };
        replace(&mut self.services, row, service);
        let profile = Profile {
            hypervisor: host.hypervisor,
            capabilities: host.capabilities,
            traits: host.traits,
        };
        replace(&mut self.profiles, row, Arc::new(profile));
    }

    fn remove(&mut self, row: usize) {
        for (_, column) in self.columns() {
            column.remove(row);
        }
        Arc::make_mut(&mut self.zones).remove(row);
        Arc::make_mut(&mut self.servers).remove(row);
        Arc::make_mut(&mut self.services).remove(row);
        Arc::make_mut(&mut self.profiles).remove(row);
        Arc::make_mut(&mut self.names).remove(row);
        let rows = self.names.iter().enumerate();
        self.rows = Arc::new(
            rows.map(|(row, name)| (name.clone(), row_number(row)))
                .collect(),
        );
    }

    fn row(&self, name: &HostName) -> Option<usize> {
        self.rows
            .get(name)
            .and_then(|row| usize::try_from(*row).ok())
    }

    fn column(&mut self, class: &ResourceClass) -> &mut ResourceColumn {
        match class {
            ResourceClass::Vcpu => &mut self.vcpu,
            ResourceClass::MemoryMb => &mut self.memory,
            ResourceClass::DiskGb => &mut self.disk,
            other => {
                let rows = self.names.len();
                self.others
                    .entry(other.clone())
                    .or_insert_with(|| ResourceColumn::zeroed(rows))
            }
        }
    }

    fn ensure_column(&mut self, class: &ResourceClass) {
        self.column(class);
    }

    fn columns(&mut self) -> impl Iterator<Item = (ResourceClass, &mut ResourceColumn)> {
        [
            (ResourceClass::Vcpu, &mut self.vcpu),
            (ResourceClass::MemoryMb, &mut self.memory),
            (ResourceClass::DiskGb, &mut self.disk),
        ]
        .into_iter()
        .chain(
            self.others
                .iter_mut()
                .map(|(class, column)| (class.clone(), column)),
        )
    }

    fn zone_number(&mut self, zone: &ZoneName) -> u32 {
        let place = self
            .zone_names
            .iter()
            .position(|name| name == zone)
            .unwrap_or_else(|| {
                let names = Arc::make_mut(&mut self.zone_names);
                names.push(zone.clone());
                names.len() - 1
            });
        row_number(place)
    }

    fn update_servers(&mut self, row: usize, update: impl FnOnce(u64) -> u64) {
        if let Some(servers) = Arc::make_mut(&mut self.servers).get_mut(row) {
            *servers = update(*servers);
        }
    }
}

fn replace<T: Clone>(column: &mut Arc<Vec<T>>, row: usize, value: T) {
    if let Some(cell) = Arc::make_mut(column).get_mut(row) {
        *cell = value;
    }
}

fn row_number(row: usize) -> u32 {
    // Four billion hosts do not fit into the memory of any machine that could plan for them.
    u32::try_from(row).unwrap_or(u32::MAX)
}
