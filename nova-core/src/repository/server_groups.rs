//! The repository of server groups.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps server groups.
#[async_trait]
pub trait ServerGroupRepository: Debug + Send + Sync {}
