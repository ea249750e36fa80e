//! Cells in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::CellRepository;

#[async_trait]
impl CellRepository for SqlStore {}
