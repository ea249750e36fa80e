//! Server groups in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::ServerGroupRepository;

#[async_trait]
impl ServerGroupRepository for SqlStore {}
