//! The repository of block device mappings.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps block device mappings.
#[async_trait]
pub trait BlockDeviceRepository: Debug + Send + Sync {}
