//! Actions and their events in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::ActionRepository;

#[async_trait]
impl ActionRepository for SqlStore {}
