//! The repository of quotas.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps quotas.
#[async_trait]
pub trait QuotaRepository: Debug + Send + Sync {}
