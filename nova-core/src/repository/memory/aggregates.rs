//! Host aggregates in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::AggregateRepository;

/// The table of host aggregates.
pub(super) type Aggregates = ();

#[async_trait]
impl AggregateRepository for MemoryStore {}
