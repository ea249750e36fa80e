//! Key pairs in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::KeyPairRepository;

/// The table of key pairs.
pub(super) type KeyPairs = ();

#[async_trait]
impl KeyPairRepository for MemoryStore {}
