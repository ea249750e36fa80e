//! The repository of servers.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
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
    /// Adds a server. Its generation is kept as it is given.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if its id is taken, by a deleted server too.
    async fn server_create(&self, server: &Server) -> Result<()>;

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
    /// is returned has those of the store.
    ///
    /// # Errors
    /// [`Stale`](crate::Error::Stale) if it was written since; [`NotFound`](crate::Error::NotFound).
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
