//! The repository of long operations.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps long operations.
#[async_trait]
pub trait OperationRepository: Debug + Send + Sync {}
