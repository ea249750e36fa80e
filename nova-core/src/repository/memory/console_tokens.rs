//! Console tokens in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::ConsoleTokenRepository;

/// The table of console tokens.
pub(super) type ConsoleTokens = ();

#[async_trait]
impl ConsoleTokenRepository for MemoryStore {}
