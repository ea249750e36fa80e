//! The repository of host aggregates.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps host aggregates.
#[async_trait]
pub trait AggregateRepository: Debug + Send + Sync {}
