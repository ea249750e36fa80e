//! Cells in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::CellRepository;

/// The table of cells.
pub(super) type Cells = ();

#[async_trait]
impl CellRepository for MemoryStore {}
