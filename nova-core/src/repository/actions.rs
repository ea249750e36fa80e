//! The repository of actions and their events.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps actions and their events.
#[async_trait]
pub trait ActionRepository: Debug + Send + Sync {}
