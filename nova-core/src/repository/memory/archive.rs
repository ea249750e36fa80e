//! The archive in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::ArchiveRepository;

/// The table of the archive.
pub(super) type Archive = ();

#[async_trait]
impl ArchiveRepository for MemoryStore {}
