//! Network ports in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::PortRepository;

#[async_trait]
impl PortRepository for SqlStore {}
