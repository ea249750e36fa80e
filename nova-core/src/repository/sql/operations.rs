//! Long operations in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::OperationRepository;

#[async_trait]
impl OperationRepository for SqlStore {}
