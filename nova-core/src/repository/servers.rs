//! The repository of servers.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use super::server_batch::ServerBatch;
use crate::env::Timestamp;
use crate::error::Result;
use crate::id::{HostName, ProjectId, ServerId};
use crate::model::{Generation, Server};
use crate::state::VmState;

/// Which servers a list is of. Every condition that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerFilter {
    /// Of this project.
    pub project: Option<ProjectId>,
    /// On this host.
    pub host: Option<HostName>,
    /// In this vm state.
    pub vm_state: Option<VmState>,
    /// With (`true`) or without (`false`) a task that runs.
    pub busy: Option<bool>,
    /// Deleted ones too: those with a [`deleted_at`](Server::deleted_at). Without it they are left
    /// out.
    pub deleted: bool,
}

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

    /// A page of the servers that the filter lets through, ordered by creation time and then id,
    /// oldest first.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if the marker's server is not there. It need not pass
    /// the filter, and may have been deleted since, but not purged.
    async fn server_list(
        &self,
        filter: &ServerFilter,
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

    /// Removes a server with a [`deleted_at`](Server::deleted_at) and its faults for good; others
    /// stay. Returns whether it was there. What it holds on hosts is not touched: release it first.
    ///
    /// # Errors
    /// [`Stale`](crate::Error::Stale) if the server is not deleted or its generation is another.
    async fn server_purge(&self, id: ServerId, generation: Generation) -> Result<bool>;

    /// Removes for good at most `limit` servers that were deleted before `before`, the longest
    /// deleted first, with their faults, and returns how many.
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
