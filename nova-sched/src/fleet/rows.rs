//! How rows are written: one host into every column.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use nova_core::id::{CellName, HostName, ServerId, ZoneName};
use nova_core::model::{ResourceClass, Resources};
use nova_core::units::Mebibytes;

use super::aggregates::Aggregates;
use super::names::NameIndex;
use super::snapshot::{Columns, Identity, Profile, Profiles, Service};
use super::{
    Column, HostAggregate, HostIndex, HostState, Liveness, Measure, PlacedServer, ResourceColumn,
    ServerSize,
};
use crate::candidates::Candidates;

impl Columns {
    pub(super) fn push(&mut self, host: HostState) {
        let row = self.names.len();
        self.names.push(host.name.clone());
        Arc::make_mut(&mut self.rows).insert(&self.names, row);
        self.identities.push(Identity::default());
        self.zones.push(0);
        self.services.push(None);
        self.profile_numbers.push(0);
        self.stats.push(None);
        self.metrics.push(None);
        for measure in Measure::ALL {
            self.measures.get_mut(measure).push(0.0);
        }
        self.vcpus_used.push(0.0);
        self.placed.push(None);
        self.hardware.push();
        for (_, column) in self.columns() {
            column.push();
        }
        Arc::make_mut(&mut self.in_service).push();
        self.set(row, host);
    }

    /// Puts a host of the same name into a row.
    pub(super) fn set(&mut self, row: usize, host: HostState) {
        let claimed = host.used.iter().map(|(class, _)| class);
        for class in host.inventories.keys().chain(claimed) {
            self.column(class);
        }
        for (class, column) in self.columns() {
            column.set(row, host.inventories.get(&class), host.used.get(&class));
        }
        self.forget_classes();
        let zone = self.zone_number(&host.zone);
        self.zones.set(row, zone);
        self.set_identity(row, &host);
        self.set_service(
            row,
            Service {
                liveness: host.liveness,
                disabled: host.disabled.as_deref().map(Arc::from),
            },
        );
        self.set_measures(row, &host);
        self.set_placed(row, host.placed);
        self.set_hardware(row, host.numa_topology, host.pci_pools);
        self.set_stats(row, &host.stats);
        let metrics = (!host.metrics.is_empty()).then(|| Arc::new(host.metrics));
        self.metrics.set(row, metrics);
        self.set_profile(
            row,
            Profile {
                hypervisor: host.hypervisor,
                supported_instances: host.supported_instances,
                capabilities: host.capabilities,
                traits: host.traits,
            },
        );
    }

    fn set_identity(&mut self, row: usize, host: &HostState) {
        let service_host = host
            .service_host
            .clone()
            .filter(|service| *service != host.name);
        let former = self.identities.get(row);
        let former = former.and_then(|identity| identity.service_host.as_deref().cloned());
        if former != service_host {
            let nodes = Arc::make_mut(&mut self.nodes_of);
            if let Some(rows) = former.and_then(|former| nodes.get_mut(&former)) {
                rows.retain(|node| node.get() != row);
            }
            if let Some(service) = &service_host {
                let index = HostIndex::from_row(row);
                let rows = nodes.entry(service.clone()).or_default();
                rows.insert(rows.partition_point(|node| *node < index), index);
            }
        }
        let cell = host.cell.as_ref().map(|cell| self.cell_number(cell));
        // Until there are several cells, all other rows are in the same one.
        let other = self.identities.get(usize::from(row == 0));
        self.several_cells |= other.is_some_and(|other| other.cell != cell);
        let identity = Identity {
            service_host: service_host.map(Box::new),
            cell,
            ip: host.host_ip,
        };
        self.identities.set(row, identity);
    }

    pub(super) fn set_service(&mut self, row: usize, service: Service) {
        let index = HostIndex::from_row(row);
        let serves = service.liveness == Liveness::Up && service.disabled.is_none();
        let in_service = Arc::make_mut(&mut self.in_service);
        if serves {
            in_service.insert(index);
        } else {
            in_service.remove(index);
        }
        self.services.set(row, (!serves).then(|| Arc::new(service)));
    }

    /// Takes over what the host reports, or else reckons it as Nova's resource tracker does:
    /// reserved units count as used, and memory and disk are counted without their ratio.
    fn set_measures(&mut self, row: usize, host: &HostState) {
        let derived = Derived::of(|class| self.amounts_of(row, class));
        let reported = host.reported;
        let used = reported.vcpus_used.map_or(derived.vcpus_used, unsigned);
        self.vcpus_used.set(row, used);
        let ram = reported.free_ram_mb.map_or(derived.free_ram, signed);
        let disk = reported.free_disk_mb.map_or(derived.free_disk, signed);
        let known = u64::try_from(host.placed.len()).unwrap_or(u64::MAX);
        let servers = reported.servers.unwrap_or(host.servers.max(known));
        let version = host.hypervisor.as_ref().map_or(0, |info| info.version);
        for (measure, value) in [
            (Measure::FreeRam, ram),
            (Measure::FreeDisk, disk),
            (Measure::IoOperations, unsigned(host.io_operations)),
            (Measure::Servers, unsigned(servers)),
            (Measure::FailedBuilds, unsigned(host.failed_builds)),
            (Measure::HypervisorVersion, unsigned(version)),
        ] {
            self.measures.get_mut(measure).set(row, value);
        }
        self.update_free_vcpus(row);
    }

    fn update_free_vcpus(&mut self, row: usize) {
        let vcpu = self.vcpu.amounts(row);
        let used = self.vcpus_used.get(row).copied().unwrap_or(0.0);
        let free = unsigned(vcpu.total) * vcpu.ratio - used;
        self.measures.get_mut(Measure::FreeVcpus).set(row, free);
    }

    fn set_stats(&mut self, row: usize, stats: &BTreeMap<String, String>) {
        let stats =
            (!stats.is_empty()).then(|| Arc::new(Arc::make_mut(&mut self.stat_names).pack(stats)));
        self.stats.set(row, stats);
    }

    fn set_placed(&mut self, row: usize, mut placed: Vec<PlacedServer>) {
        if let Some(former) = self.placed.get(row).cloned().flatten() {
            for server in former.iter() {
                self.places.remove(&server.id, row_number(row));
            }
        }
        placed.sort_by_key(|server| server.id);
        placed.dedup_by_key(|server| server.id);
        for server in &placed {
            self.places.insert(server.id, row_number(row));
        }
        self.placed
            .set(row, (!placed.is_empty()).then(|| Arc::from(placed)));
    }

    fn set_profile(&mut self, row: usize, profile: Profile) {
        if self.profiles.list.len() > 2 * self.names.len() + 64 {
            self.forget_profiles();
        }
        let profile = Arc::new(profile);
        let number = match self.profiles.numbers.get(&profile) {
            Some(number) => *number,
            None => Arc::make_mut(&mut self.profiles).add(profile),
        };
        self.profile_numbers.set(row, number);
    }

    /// Drops the profiles that no host has any longer.
    fn forget_profiles(&mut self) {
        let mut kept = Profiles::default();
        let mut numbers = Column::default();
        for number in self.profile_numbers.iter() {
            let place = usize::try_from(*number).unwrap_or(usize::MAX);
            let profile = self.profiles.list.get(place).cloned().unwrap_or_default();
            let number = kept.numbers.get(&profile).copied();
            numbers.push(number.unwrap_or_else(|| kept.add(profile)));
        }
        self.profiles = Arc::new(kept);
        self.profile_numbers = numbers;
    }

    pub(super) fn remove(&mut self, gone: &Candidates) {
        for (_, column) in self.columns() {
            column.remove(gone);
        }
        self.forget_classes();
        for measure in Measure::ALL {
            self.measures.get_mut(measure).remove(gone);
        }
        self.vcpus_used.remove(gone);
        self.zones.remove(gone);
        self.services.remove(gone);
        self.profile_numbers.remove(gone);
        self.stats.remove(gone);
        self.metrics.remove(gone);
        self.placed.remove(gone);
        self.hardware.remove(gone);
        self.names.remove(gone);
        self.identities.remove(gone);
        self.renumber();
    }

    /// Finds every row again after some moved.
    fn renumber(&mut self) {
        self.rows = Arc::new(NameIndex::of(&self.names));
        let mut nodes = super::snapshot::Lookup::default();
        let mut places = super::servers::ServerIndex::default();
        let mut in_service = Candidates::none(self.names.len());
        for row in 0..self.names.len() {
            let index = HostIndex::from_row(row);
            if let Some(service) = self.identities[row].service_host.as_deref().cloned() {
                let rows: &mut Vec<HostIndex> = nodes.entry(service).or_default();
                rows.push(index);
            }
            if self.services[row].is_none() {
                in_service.insert(index);
            }
            for server in self.placed[row].iter().flat_map(|placed| placed.iter()) {
                places.insert(server.id, row_number(row));
            }
        }
        self.places = places;
        self.nodes_of = Arc::new(nodes);
        self.in_service = Arc::new(in_service);
        self.resolve_aggregates(self.aggregates.list.clone());
    }

    pub(super) fn resolve_aggregates(&mut self, list: Vec<Arc<HostAggregate>>) {
        let services: Vec<HostName> = self
            .names
            .iter()
            .zip(self.identities.iter())
            .map(|(name, identity)| identity.service_host.as_deref().unwrap_or(name).clone())
            .collect();
        self.aggregates = Arc::new(Aggregates::resolve(list, services.iter()));
    }

    /// Counts what a server takes.
    pub(super) fn consume(&mut self, row: usize, resources: &Resources, size: &ServerSize) {
        for (class, amount) in resources.iter() {
            self.column(class)
                .update_used(row, |used| used.saturating_add(amount));
        }
        self.shift(row, size, 1.0);
    }

    /// Counts what a server gives back. Nothing falls below zero: what was not claimed is not
    /// given back.
    pub(super) fn give_back(&mut self, row: usize, resources: &Resources, size: &ServerSize) {
        let mut size = *size;
        for (class, amount) in resources.iter() {
            let column = self.column(class);
            let missing = amount.saturating_sub(column.amounts(row).used);
            column.update_used(row, |used| used.saturating_sub(amount));
            match class {
                ResourceClass::MemoryMb => {
                    size.memory = Mebibytes::new(size.memory.get().saturating_sub(missing));
                }
                ResourceClass::DiskGb => {
                    let missing = missing.saturating_mul(1024);
                    size.disk = Mebibytes::new(size.disk.get().saturating_sub(missing));
                }
                _ => {}
            }
        }
        self.forget_classes();
        self.shift(row, &size, -1.0);
    }

    /// What weighers count, one server up or down.
    fn shift(&mut self, row: usize, size: &ServerSize, sign: f64) {
        let vcpus = sign * unsigned(size.vcpus);
        self.vcpus_used
            .update(row, |used| *used = (*used + vcpus).max(0.0));
        self.update_free_vcpus(row);
        self.add(Measure::FreeRam, row, -sign * unsigned(size.memory.get()));
        self.add(Measure::FreeDisk, row, -sign * unsigned(size.disk.get()));
        self.measures
            .get_mut(Measure::Servers)
            .update(row, |servers| *servers = (*servers + sign).max(0.0));
    }

    pub(super) fn add(&mut self, measure: Measure, row: usize, amount: f64) {
        self.measures
            .get_mut(measure)
            .update(row, |value| *value += amount);
    }

    /// Notes a server on a row.
    pub(super) fn note(&mut self, row: usize, server: PlacedServer) {
        let id = server.id;
        self.placed.update(row, |placed| {
            let mut servers = placed.as_deref().map_or_else(Vec::new, <[_]>::to_vec);
            match servers.binary_search_by_key(&id, |server| server.id) {
                Ok(found) => servers[found] = server,
                Err(gap) => servers.insert(gap, server),
            }
            *placed = Some(Arc::from(servers));
        });
        self.places.insert(id, row_number(row));
    }

    pub(super) fn forget(&mut self, row: usize, id: &ServerId) -> Option<PlacedServer> {
        let mut gone = None;
        self.placed.update(row, |placed| {
            let mut servers = placed.as_deref().map_or_else(Vec::new, <[_]>::to_vec);
            if let Ok(found) = servers.binary_search_by_key(id, |server| server.id) {
                gone = Some(servers.remove(found));
                *placed = (!servers.is_empty()).then(|| Arc::from(servers));
            }
        });
        if gone.is_some() {
            self.places.remove(id, row_number(row));
        }
        gone
    }

    pub(super) fn row(&self, name: &HostName) -> Option<usize> {
        self.rows.get(&self.names, name)
    }

    pub(super) fn column(&mut self, class: &ResourceClass) -> &mut ResourceColumn {
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

    /// Drops the classes that no host offers any longer, nor has claims of.
    pub(super) fn forget_classes(&mut self) {
        self.others.retain(|_, column| !column.is_unknown());
    }

    fn amounts_of(&self, row: usize, class: &ResourceClass) -> super::Amounts {
        match class {
            ResourceClass::Vcpu => self.vcpu.amounts(row),
            ResourceClass::MemoryMb => self.memory.amounts(row),
            ResourceClass::DiskGb => self.disk.amounts(row),
            other => self
                .others
                .get(other)
                .map(|column| column.amounts(row))
                .unwrap_or_default(),
        }
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

    fn cell_number(&mut self, cell: &CellName) -> NonZeroU32 {
        let number = self.cell_names.number(cell);
        let number = number.unwrap_or_else(|| Arc::make_mut(&mut self.cell_names).add(cell));
        NonZeroU32::MIN.saturating_add(number)
    }

    fn zone_number(&mut self, zone: &ZoneName) -> u32 {
        let number = self.zone_names.number(zone);
        number.unwrap_or_else(|| Arc::make_mut(&mut self.zone_names).add(zone))
    }
}

impl Profiles {
    fn add(&mut self, profile: Arc<Profile>) -> u32 {
        let number = row_number(self.list.len());
        self.list.push(profile.clone());
        self.numbers.insert(profile, number);
        number
    }
}

/// What follows from inventories and claims, where the host does not say otherwise.
pub(super) struct Derived {
    pub(super) vcpus_used: f64,
    pub(super) free_ram: f64,
    pub(super) free_disk: f64,
}

impl Derived {
    pub(super) fn of(amounts: impl Fn(&ResourceClass) -> super::Amounts) -> Self {
        let vcpu = amounts(&ResourceClass::Vcpu);
        let free = |class| {
            let amounts = amounts(class);
            unsigned(amounts.total) - unsigned(amounts.reserved) - unsigned(amounts.used)
        };
        Self {
            vcpus_used: unsigned(vcpu.reserved) + unsigned(vcpu.used),
            free_ram: free(&ResourceClass::MemoryMb),
            free_disk: free(&ResourceClass::DiskGb) * 1024.0,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "amounts stay below 2^53, where f64 is exact"
)]
pub(super) fn unsigned(amount: u64) -> f64 {
    amount as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "amounts stay below 2^53, where f64 is exact"
)]
fn signed(amount: i64) -> f64 {
    amount as f64
}

/// Whole numbers that were kept as `f64`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only whole numbers below 2^53 are kept"
)]
pub(super) fn whole(value: f64) -> i64 {
    value as i64
}

pub(super) fn row_number(row: usize) -> u32 {
    // Four billion hosts do not fit into the memory of any machine that could plan for them.
    u32::try_from(row).unwrap_or(u32::MAX)
}
