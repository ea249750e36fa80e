//! Migrations in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::MigrationRepository;

#[async_trait]
impl MigrationRepository for SqlStore {}
