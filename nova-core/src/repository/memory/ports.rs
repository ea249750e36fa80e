//! Network ports in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{NetworkId, PortId, ServerId};
use crate::model::{MacAddress, ServerPort};
use crate::repository::clash::{check_port_count, mac_taken, sort_ports};
use crate::repository::{Page, PageRequest, PortRepository};

/// The table of network ports, with the orders in which it is read.
#[derive(Default)]
pub(super) struct Ports {
    by_id: BTreeMap<PortId, ServerPort>,
    by_server: BTreeSet<(ServerId, PortId)>,
    by_network: BTreeSet<(NetworkId, PortId)>,
    by_mac: BTreeMap<(NetworkId, MacAddress), PortId>,
}

impl Ports {
    /// Removes those of a server.
    pub(super) fn remove_of(&mut self, server: ServerId) {
        for port in self.of(server) {
            self.remove(port.id());
        }
    }

    /// Those of a server, by id.
    pub(super) fn of(&self, server: ServerId) -> Vec<ServerPort> {
        let least = (server, PortId::from_uuid(uuid::Uuid::nil()));
        self.by_server
            .range(least..)
            .take_while(|(of, _)| *of == server)
            .filter_map(|(_, id)| self.by_id.get(id).cloned())
            .collect()
    }

    fn get(&self, id: PortId) -> Result<&ServerPort> {
        self.by_id
            .get(&id)
            .ok_or_else(|| Error::not_found(ObjectKind::Port, id))
    }

    fn check_mac(&self, port: &ServerPort) -> Result<()> {
        match self.by_mac.get(&(port.network_id(), port.mac())) {
            Some(other) if *other != port.id() => Err(mac_taken(port)),
            _ => Ok(()),
        }
    }

    fn insert(&mut self, port: ServerPort) {
        self.remove(port.id());
        self.by_server.insert((port.server_id(), port.id()));
        self.by_network.insert((port.network_id(), port.id()));
        self.by_mac
            .insert((port.network_id(), port.mac()), port.id());
        self.by_id.insert(port.id(), port);
    }

    fn remove(&mut self, id: PortId) {
        if let Some(port) = self.by_id.remove(&id) {
            self.by_server.remove(&(port.server_id(), id));
            self.by_network.remove(&(port.network_id(), id));
            self.by_mac.remove(&(port.network_id(), port.mac()));
        }
    }
}

#[async_trait]
impl PortRepository for MemoryStore {
    async fn port_attach(&self, port: &ServerPort) -> Result<()> {
        let mut tables = self.tables();
        if !tables.servers.contains(port.server_id()) {
            return Err(Error::not_found(ObjectKind::Server, port.server_id()));
        }
        let ports = &mut tables.ports;
        if ports.by_id.contains_key(&port.id()) {
            return Err(Error::already_exists(ObjectKind::Port, port.id()));
        }
        ports.check_mac(port)?;
        check_port_count(ports.of(port.server_id()).len())?;
        ports.insert(port.clone());
        Ok(())
    }

    async fn port_get(&self, id: PortId) -> Result<ServerPort> {
        self.tables().ports.get(id).cloned()
    }

    async fn ports_of(&self, server: ServerId) -> Result<Vec<ServerPort>> {
        let mut ports = self.tables().ports.of(server);
        sort_ports(&mut ports);
        Ok(ports)
    }

    async fn port_list_by_network(
        &self,
        network: NetworkId,
        page: &PageRequest<PortId>,
    ) -> Result<Page<ServerPort, PortId>> {
        let ports = &self.tables().ports;
        let start = match page.marker() {
            Some(marker) => Bound::Excluded((network, *marker)),
            None => Bound::Included((network, PortId::from_uuid(uuid::Uuid::nil()))),
        };
        let after = ports
            .by_network
            .range((start, Bound::Unbounded))
            .take_while(|(of, _)| *of == network)
            .filter_map(|(_, id)| ports.by_id.get(id));
        Ok(cut(after, page.limit(), ServerPort::id))
    }

    async fn port_update(&self, port: &ServerPort) -> Result<ServerPort> {
        let ports = &mut self.tables().ports;
        let held = ports.get(port.id())?;
        if held.generation() != port.generation() {
            return Err(Error::stale(ObjectKind::Port, port.id(), port.generation()));
        }
        let written = held.written(port);
        ports.check_mac(&written)?;
        ports.insert(written.clone());
        Ok(written)
    }

    async fn port_detach(&self, server: ServerId, port: PortId) -> Result<bool> {
        let ports = &mut self.tables().ports;
        let there = ports.by_server.contains(&(server, port));
        if there {
            ports.remove(port);
        }
        Ok(there)
    }
}
