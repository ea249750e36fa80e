//! The repository of the archive.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps the archive.
#[async_trait]
pub trait ArchiveRepository: Debug + Send + Sync {}
