//! Edits: each gives another fleet, one generation on.

use std::sync::Arc;

use nova_core::id::{HostName, ServerId};
use nova_core::model::{ResourceClass, Resources};

use super::snapshot::{Columns, Service};
use super::{
    Fleet, HardwareClaim, HostIndex, HostState, Liveness, Measure, PlacedServer, ServerSize,
};
use crate::candidates::Candidates;
use crate::error::{Error, Result};

/// What if: each takes the fleet as it is and gives another.
impl Fleet {
    /// The fleet with one more server of this size on a host. The claim is not checked against
    /// what is free: whoever granted it decided that.
    ///
    /// # Errors
    /// [`Error::UnknownHost`].
    pub fn with_claim(&self, host: &HostName, resources: &Resources) -> Result<Self> {
        self.edited(|fleet| fleet.claim(host, resources))
    }

    /// The fleet with one server of this size less on a host. No amount falls below zero.
    ///
    /// # Errors
    /// [`Error::UnknownHost`].
    pub fn with_release(&self, host: &HostName, resources: &Resources) -> Result<Self> {
        self.edited(|fleet| fleet.release(host, resources))
    }

    /// The fleet with this host: in the place of the one of the same name, or else at the end.
    #[must_use]
    pub fn with_host(&self, host: HostState) -> Self {
        let mut fleet = self.clone();
        fleet.set_host(host);
        fleet
    }

    /// The fleet without a host and its servers; the same hosts if there is none of the name.
    #[must_use]
    pub fn without_host(&self, name: &HostName) -> Self {
        let mut fleet = self.clone();
        fleet.remove_host(name);
        fleet
    }

    /// The fleet with a host that takes no new servers.
    ///
    /// # Errors
    /// [`Error::UnknownHost`].
    pub fn with_disabled(&self, host: &HostName, reason: &str) -> Result<Self> {
        self.edited(|fleet| fleet.disable(host, reason))
    }

    /// The fleet with a host that takes new servers.
    ///
    /// # Errors
    /// [`Error::UnknownHost`].
    pub fn with_enabled(&self, host: &HostName) -> Result<Self> {
        self.edited(|fleet| fleet.enable(host))
    }

    /// The fleet with one more server.
    ///
    /// # Errors
    /// [`Error::UnknownHost`], [`Error::DuplicateServer`].
    pub fn with_server(&self, host: &HostName, server: PlacedServer) -> Result<Self> {
        self.edited(|fleet| fleet.place(host, server))
    }

    /// The fleet without a server.
    ///
    /// # Errors
    /// [`Error::UnknownServer`].
    pub fn without_server(&self, server: &ServerId) -> Result<Self> {
        self.edited(|fleet| fleet.remove_server(server).map(drop))
    }

    /// The fleet with a server on another host, [without](Self::move_server) the NUMA cells and PCI
    /// devices that it held.
    ///
    /// # Errors
    /// [`Error::UnknownServer`], [`Error::UnknownHost`].
    pub fn with_move(&self, server: &ServerId, to: &HostName) -> Result<Self> {
        self.edited(|fleet| fleet.move_server(server, to))
    }

    fn edited(&self, edit: impl FnOnce(&mut Self) -> Result<()>) -> Result<Self> {
        let mut fleet = self.clone();
        edit(&mut fleet)?;
        Ok(fleet)
    }
}

/// In place: how a fleet is kept up to date. Snapshots that were taken before keep what they had;
/// where one is still held, an edit copies the blocks of the columns that it touches.
impl Fleet {
    /// Puts a host in the place of the one of the same name, or else at the end: a new report.
    pub fn set_host(&mut self, host: HostState) {
        let columns = self.edit();
        match columns.row(&host.name) {
            Some(row) => {
                let service = columns.identities[row].service_host.as_deref().cloned();
                let moved = service.as_ref().unwrap_or(&host.name) != host.service_host();
                columns.set(row, host);
                if moved {
                    columns.resolve_aggregates(columns.aggregates.list.clone());
                }
            }
            None => {
                let service = host.service_host().clone();
                columns.push(host);
                Arc::make_mut(&mut columns.aggregates).push(&service);
            }
        }
    }

    /// Takes a host and its servers away; whether there was one of the name. The hosts behind it
    /// move up, so that this takes time with the size of the fleet: where several go, take them
    /// away [together](Self::remove_hosts).
    pub fn remove_host(&mut self, name: &HostName) -> bool {
        self.remove_hosts([name]) > 0
    }

    /// Takes hosts and their servers away, in the time that one alone takes; how many there were
    /// of these names. Each counts as an edit.
    ///
    /// ```
    /// use nova_sched::{Fleet, testing};
    ///
    /// let mut fleet = testing::fleet_of(["a", "b", "c"].map(testing::host));
    /// let gone = ["a".parse()?, "c".parse()?, "x".parse()?];
    /// assert_eq!(fleet.remove_hosts(&gone), 2);
    /// assert_eq!((fleet.len(), fleet.generation()), (1, 2));
    /// # Ok::<(), nova_core::Error>(())
    /// ```
    pub fn remove_hosts<'a>(&mut self, names: impl IntoIterator<Item = &'a HostName>) -> usize {
        let mut gone = Candidates::none(self.len());
        for index in names.into_iter().filter_map(|name| self.index_of(name)) {
            gone.insert(index);
        }
        let count = gone.len();
        if count > 0 {
            let columns = self.edit();
            let further = u64::try_from(count - 1).unwrap_or(u64::MAX);
            columns.generation = columns.generation.wrapping_add(further);
            columns.remove(&gone);
        }
        count
    }

    /// Puts other aggregates in the place of those that there are.
    pub fn set_aggregates(&mut self, aggregates: impl IntoIterator<Item = super::HostAggregate>) {
        let list = aggregates.into_iter().map(Arc::new).collect();
        self.edit().resolve_aggregates(list);
    }

    /// Counts one more server of this size on a host, of which nothing else is known. The claim is
    /// not checked against what is free: whoever granted it decided that.
    ///
    /// # Errors
    /// [`Error::UnknownHost`]; then nothing changed.
    pub fn claim(&mut self, host: &HostName, resources: &Resources) -> Result<()> {
        let row = self.known(host)?.get();
        let size = ServerSize::of_resources(resources);
        self.edit().consume(row, resources, &size);
        Ok(())
    }

    /// Counts one server of this size less on a host. No claim falls below zero.
    ///
    /// # Errors
    /// [`Error::UnknownHost`]; then nothing changed.
    pub fn release(&mut self, host: &HostName, resources: &Resources) -> Result<()> {
        let row = self.known(host)?.get();
        let size = ServerSize::of_resources(resources);
        self.edit().give_back(row, resources, &size);
        Ok(())
    }

    /// Puts a server onto a host and claims what it holds, free or not.
    ///
    /// # Errors
    /// [`Error::UnknownHost`]; [`Error::DuplicateServer`] if the server is on a host already;
    /// [`Error::HardwareClaim`] if the host has not left the NUMA cells and PCI devices that it
    /// holds. Then nothing changed.
    pub fn place(&mut self, host: &HostName, server: PlacedServer) -> Result<()> {
        let index = self.known(host)?;
        if let Some(there) = self.host_of(&server.id) {
            return Err(Error::DuplicateServer {
                server: server.id,
                host: self.host(there).name().clone(),
            });
        }
        if let Some(claim) = &server.hardware {
            let left = self.inner.without_hardware(index.get(), claim);
            left.map_err(|source| Error::HardwareClaim {
                host: host.clone(),
                source,
            })?;
        }
        self.place_at(index, server);
        Ok(())
    }

    /// Takes a server away, from every host that reports it, and gives back what it held, and
    /// where it was: of several hosts, the last that [reported](Fleet::host_of) it.
    ///
    /// # Errors
    /// [`Error::UnknownServer`]; then nothing changed.
    pub fn remove_server(&mut self, server: &ServerId) -> Result<(HostName, PlacedServer)> {
        let unknown = || Error::UnknownServer { server: *server };
        let index = self.host_of(server).ok_or_else(unknown)?;
        let name = self.host(index).name().clone();
        let gone = self.remove_but(None, server).ok_or_else(unknown)?;
        Ok((name, gone))
    }

    /// Moves a server to another host, free or not. NUMA cells and PCI devices that it held stay
    /// behind, and what it holds of the new host's is not known: of these it counts for nothing
    /// there. Where that matters, take it away and place it with
    /// [what it gets](crate::Scheduler::hardware_for), as
    /// [`ServerMove::apply`](crate::moves::ServerMove::apply) does. If the new host reported it
    /// already, it stays there as it was reported, and every other host loses it.
    ///
    /// # Errors
    /// [`Error::UnknownServer`], [`Error::UnknownHost`]; then nothing changed.
    pub fn move_server(&mut self, server: &ServerId, to: &HostName) -> Result<()> {
        let to = self.known(to)?;
        let unknown = || Error::UnknownServer { server: *server };
        self.host_of(server).ok_or_else(unknown)?;
        let arrived = self.host(to).has_server(server);
        let left = self.remove_but(Some(to), server);
        if let Some(mut moved) = left.filter(|_| !arrived) {
            moved.hardware = None;
            self.place_at(to, moved);
        }
        Ok(())
    }

    /// No new servers on a host, for this reason.
    ///
    /// # Errors
    /// [`Error::UnknownHost`]; then nothing changed.
    pub fn disable(&mut self, host: &HostName, reason: &str) -> Result<()> {
        self.update_service(host, |service| service.disabled = Some(Arc::from(reason)))
    }

    /// New servers on a host.
    ///
    /// # Errors
    /// [`Error::UnknownHost`]; then nothing changed.
    pub fn enable(&mut self, host: &HostName) -> Result<()> {
        self.update_service(host, |service| service.disabled = None)
    }

    /// What is known of whether a host answers.
    ///
    /// # Errors
    /// [`Error::UnknownHost`]; then nothing changed.
    pub fn set_liveness(&mut self, host: &HostName, liveness: Liveness) -> Result<()> {
        self.update_service(host, |service| service.liveness = liveness)
    }

    /// A server that is being built: Nova counts it among the operations under way.
    pub(crate) fn build_at(&mut self, index: HostIndex, server: PlacedServer) {
        self.edit().add(Measure::IoOperations, index.get(), 1.0);
        self.place_at(index, server);
    }

    /// The same hosts as another generation.
    pub(super) fn with_generation(mut self, generation: u64) -> Self {
        self.edit().generation = generation;
        self
    }

    /// As [`build_at`](Self::build_at), of a server without an id.
    pub(crate) fn claim_at(
        &mut self,
        index: HostIndex,
        resources: &Resources,
        size: &ServerSize,
        hardware: &HardwareClaim,
    ) {
        let columns = self.edit();
        columns.add(Measure::IoOperations, index.get(), 1.0);
        columns.consume(index.get(), resources, size);
        columns.claim_hardware(index.get(), hardware);
    }

    fn place_at(&mut self, index: HostIndex, server: PlacedServer) {
        if self.host(index).has_server(&server.id) {
            self.remove_at(index, &server.id);
        }
        let columns = self.edit();
        let shape = server.shape.clone();
        columns.consume(index.get(), &shape.resources, &shape.size);
        if let Some(claim) = &server.hardware {
            columns.claim_hardware(index.get(), claim);
        }
        columns.note(index.get(), server);
    }

    /// Takes a server off every host but this one, and gives it as the last of them reported it.
    fn remove_but(&mut self, stays: Option<HostIndex>, server: &ServerId) -> Option<PlacedServer> {
        let hosts: Vec<HostIndex> = self.hosts_of(server).collect();
        let mut gone = None;
        for host in hosts.into_iter().filter(|host| stays != Some(*host)) {
            let removed = self.remove_at(host, server);
            gone = gone.or(removed);
        }
        gone
    }

    fn remove_at(&mut self, index: HostIndex, server: &ServerId) -> Option<PlacedServer> {
        let columns = self.edit();
        let gone = columns.forget(index.get(), server)?;
        let shape = &gone.shape;
        columns.give_back(index.get(), &shape.resources, &shape.size);
        if let Some(claim) = &gone.hardware {
            columns.release_hardware(index.get(), claim);
        }
        Some(gone)
    }

    /// Takes claims away without taking away a server: capacity that is freed.
    pub(crate) fn free_up(&mut self, host: &HostName, class: &ResourceClass, amount: u64) {
        if let Some(index) = self.index_of(host) {
            let columns = self.edit();
            let column = columns.column(class);
            column.update_used(index.get(), |used| used.saturating_sub(amount));
            columns.forget_classes();
        }
    }

    fn update_service(&mut self, host: &HostName, update: impl FnOnce(&mut Service)) -> Result<()> {
        let row = self.known(host)?.get();
        let columns = self.edit();
        let service = columns.services.get(row).and_then(Option::as_deref);
        let mut service = service.cloned().unwrap_or_default();
        update(&mut service);
        columns.set_service(row, service);
        Ok(())
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
