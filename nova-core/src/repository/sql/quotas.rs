//! Quotas in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::QuotaRepository;

#[async_trait]
impl QuotaRepository for SqlStore {}
