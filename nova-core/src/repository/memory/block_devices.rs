//! Block device mappings in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::BlockDeviceRepository;

/// The table of block device mappings.
pub(super) type BlockDevices = ();

#[async_trait]
impl BlockDeviceRepository for MemoryStore {}
