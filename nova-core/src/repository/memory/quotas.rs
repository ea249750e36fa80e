//! Quotas in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::QuotaRepository;

/// The table of quotas.
pub(super) type Quotas = ();

#[async_trait]
impl QuotaRepository for MemoryStore {}
