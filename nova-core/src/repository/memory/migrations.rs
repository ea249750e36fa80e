//! Migrations in memory.

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::repository::MigrationRepository;

/// The table of migrations.
pub(super) type Migrations = ();

#[async_trait]
impl MigrationRepository for MemoryStore {}
