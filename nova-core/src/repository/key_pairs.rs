//! The repository of key pairs.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps key pairs.
#[async_trait]
pub trait KeyPairRepository: Debug + Send + Sync {}
