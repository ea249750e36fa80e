//! Block device mappings in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::BlockDeviceRepository;

#[async_trait]
impl BlockDeviceRepository for SqlStore {}
