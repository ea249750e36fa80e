//! The repository of cells.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps cells.
#[async_trait]
pub trait CellRepository: Debug + Send + Sync {}
