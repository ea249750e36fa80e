//! Network ports in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::PortRepository;

/// The table of network ports.
pub(super) type Ports = ();

#[async_trait]
impl PortRepository for MemoryStore {}
