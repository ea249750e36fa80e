//! Server groups in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::ServerGroupRepository;

/// The table of server groups.
pub(super) type ServerGroups = ();

#[async_trait]
impl ServerGroupRepository for MemoryStore {}
