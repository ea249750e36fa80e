//! Actions and their events in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::ActionRepository;

/// The table of actions and their events.
pub(super) type Actions = ();

#[async_trait]
impl ActionRepository for MemoryStore {}
