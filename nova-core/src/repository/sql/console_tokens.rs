//! Console tokens in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::ConsoleTokenRepository;

#[async_trait]
impl ConsoleTokenRepository for SqlStore {}
