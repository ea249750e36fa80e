//! The repository of servers.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use super::server_batch::ServerBatch;
use super::server_filter::ServerFilter;
use super::server_sort::ServerSort;
use crate::env::Timestamp;
use crate::error::Result;
use crate::id::ServerId;
use crate::model::{Generation, Server};

/// Keeps servers.
#[async_trait]
pub trait ServerRepository: Debug + Send + Sync {
    /// Adds servers, charges them to their projects' quotas and holds what is claimed for them:
    /// all of it, or nothing is changed.
    ///
    /// # Errors
    /// Looked for in this order:
    /// * [`Invalid`](crate::Error::Invalid): see [`ServerBatch::validate`];
    /// * [`AlreadyExists`](crate::Error::AlreadyExists): an id is taken, by a deleted server too;
    /// * [`QuotaExceeded`](crate::Error::QuotaExceeded): of the first project by id that the whole
    ///   batch would bring beyond a limit;
    /// * those of [`claim`](super::AllocationRepository::claim), for the first claim in the order
    ///   of the batch for whose consumer something is held already, and then for the sum of all
    ///   claims on a host and class.
    async fn server_create_batch(&self, batch: &ServerBatch) -> Result<()>;

    /// The server with this id, deleted or not.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn server_get(&self, id: ServerId) -> Result<Server>;

    /// A page of the servers that the filter lets through, in this order.
    ///
    /// Pages go on after the place that the marker's server has in the order when the page is
    /// read. That never moves in the order of creation. In the others a server that is written or
    /// renamed between two pages moves, and so is seen twice or not at all; if that is the marker's
    /// server itself, the next page goes on from its new place.
    ///
    /// # Errors
    /// [`Invalid`](crate::Error::Invalid) as [`ServerFilter::check`] says, first of all;
    /// [`NotFound`](crate::Error::NotFound) if the marker's server is not there. It need not pass
    /// the filter, and may have been deleted since, but not purged or archived.
    async fn server_list(
        &self,
        filter: &ServerFilter,
        sort: ServerSort,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<Server, ServerId>>;

    /// Writes the whole server if the store still holds `server.generation`, and returns it with
    /// the generation after that.
    ///
    /// `id`, `project_id` and `created_at` never change: a difference in them is ignored, and what
    /// is returned has those of the store. What the server is [charged](Server::charge) with
    /// changes with it.
    ///
    /// # Errors
    /// [`Stale`](crate::Error::Stale) if it was written since; [`NotFound`](crate::Error::NotFound);
    /// [`QuotaExceeded`](crate::Error::QuotaExceeded) if it would be charged with more than is left.
    async fn server_update(&self, server: &Server) -> Result<Server>;

    /// Removes a server with a [`deleted_at`](Server::deleted_at) for good, with all that belongs
    /// to it: faults, tags, migrations, actions, block devices, ports, console tokens, its place in
    /// a group. Returns whether it was there. An archived server is not touched.
    ///
    /// # Errors
    /// In this order: [`Stale`](crate::Error::Stale) if the server is not deleted or its generation
    /// is another; [`InUse`](crate::Error::InUse) while it holds resources on a host, for its guest
    /// may still run there: release them first.
    async fn server_purge(&self, id: ServerId, generation: Generation) -> Result<bool>;

    /// Removes for good at most `limit` servers that were deleted before `before` and hold
    /// nothing on any host, the longest deleted first, each as [`server_purge`](Self::server_purge)
    /// does, and returns how many. If a store fails halfway, those before are gone.
    async fn server_purge_deleted(&self, before: Timestamp, limit: u32) -> Result<u64>;
}

impl dyn ServerRepository + '_ {
    /// Adds one server: [`server_create_batch`](ServerRepository::server_create_batch) of it alone,
    /// with nothing claimed.
    ///
    /// # Errors
    /// As there.
    pub async fn server_create(&self, server: &Server) -> Result<()> {
        self.server_create_batch(&ServerBatch::of([server.clone()]))
            .await
    }
}
