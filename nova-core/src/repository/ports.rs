//! The repository of network ports.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps network ports.
#[async_trait]
pub trait PortRepository: Debug + Send + Sync {}
