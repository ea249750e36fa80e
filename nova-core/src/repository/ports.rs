//! The repository of network ports.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::error::Result;
use crate::id::{NetworkId, PortId, ServerId};
use crate::model::ServerPort;

/// The most ports of one server: so many can be listed at once.
pub const MAX_PORTS: usize = 128;

/// Keeps the ports of servers. They go with their server when it is purged.
#[async_trait]
pub trait PortRepository: Debug + Send + Sync {
    /// Adds a port to its server. Its generation is kept as it is given.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound) if its server is not there;
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if the port is on a server, this one or
    /// another, or its MAC address is taken in its network; [`Invalid`](crate::Error::Invalid) if
    /// the server has [`MAX_PORTS`].
    async fn port_attach(&self, port: &ServerPort) -> Result<()>;

    /// The port with this id.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if it is on no server.
    async fn port_get(&self, id: PortId) -> Result<ServerPort>;

    /// Every port of a server, by [`order`](ServerPort::order) and then id. None of a server that
    /// is not there.
    async fn ports_of(&self, server: ServerId) -> Result<Vec<ServerPort>>;

    /// A page of the ports of a network, on whichever server, by id. The marker need not be there
    /// any more.
    async fn port_list_by_network(
        &self,
        network: NetworkId,
        page: &PageRequest<PortId>,
    ) -> Result<Page<ServerPort, PortId>>;

    /// Writes the whole port if the store still holds its generation, and returns it with the
    /// generation after that.
    ///
    /// Id, server and network never change: a difference in the latter two is ignored, and what is
    /// returned has those of the store.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound); [`Stale`](crate::Error::Stale) if it
    /// was written since; [`AlreadyExists`](crate::Error::AlreadyExists) if its MAC address is
    /// another's in the network.
    async fn port_update(&self, port: &ServerPort) -> Result<ServerPort>;

    /// Takes a port off a server. Returns whether it was on that one: on another it stays.
    async fn port_detach(&self, server: ServerId, port: PortId) -> Result<bool>;
}
