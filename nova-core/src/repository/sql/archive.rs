//! The archive in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::ArchiveRepository;

#[async_trait]
impl ArchiveRepository for SqlStore {}
