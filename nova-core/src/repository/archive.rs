//! The repository of the archive.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::env::Timestamp;
use crate::error::Result;
use crate::id::{ProjectId, ServerId};
use crate::model::ArchivedServer;

/// Keeps deleted servers out of the way of the living: what the lists of
/// [`ServerRepository`](super::ServerRepository) read stays small, and what happened to a server
/// can still be looked up.
///
/// The id of an archived server is free, as that of a purged one is. If another server of that id
/// is archived later, it takes the place of the first.
#[async_trait]
pub trait ArchiveRepository: Debug + Send + Sync {
    /// Puts aside at most `limit` servers that were deleted before `before` and hold nothing on
    /// any host, the longest deleted first, and returns how many. A server goes with all that
    /// belongs to it as if it were [purged](super::ServerRepository::server_purge), and at the same
    /// moment is in the archive with it, as archived at `now`: faults, migrations, actions with
    /// their events, block devices, ports, tags, and which group it was in, all of them as many as
    /// there were. Console tokens are not kept.
    ///
    /// One that holds resources stays, however long it is deleted: its guest may still run. It is
    /// passed over and keeps no other from being put aside.
    ///
    /// Servers go in batches, each whole or not at all. If a store fails halfway, the batches
    /// before stay in the archive and the same call goes on.
    async fn archive_servers(&self, before: Timestamp, now: Timestamp, limit: u32) -> Result<u64>;

    /// The archived server with this id.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if it is not in the archive, where a server is that was
    /// not archived yet.
    async fn archived_get(&self, id: ServerId) -> Result<ArchivedServer>;

    /// A page of the archived servers, of one project or of all, ordered by the time of their
    /// deletion and then id, the longest deleted first.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if the marker's server is not in the archive. It may be
    /// of another project.
    async fn archived_list(
        &self,
        project: Option<&ProjectId>,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<ArchivedServer, ServerId>>;

    /// Removes for good at most `limit` archived servers that were deleted (not: archived) before
    /// `before`, the longest deleted first, and returns how many.
    async fn archive_purge(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
