//! Long operations in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::OperationRepository;

/// The table of long operations.
pub(super) type Operations = ();

#[async_trait]
impl OperationRepository for MemoryStore {}
