//! The repository of console tokens.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps console tokens.
#[async_trait]
pub trait ConsoleTokenRepository: Debug + Send + Sync {}
