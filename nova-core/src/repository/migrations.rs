//! The repository of migrations.

use std::fmt::Debug;

use async_trait::async_trait;

/// Keeps migrations.
#[async_trait]
pub trait MigrationRepository: Debug + Send + Sync {}
