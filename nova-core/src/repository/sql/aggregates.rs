//! Host aggregates in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::AggregateRepository;

#[async_trait]
impl AggregateRepository for SqlStore {}
