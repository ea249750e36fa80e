//! Key pairs in SQL.

use async_trait::async_trait;

use super::store::SqlStore;
use crate::repository::KeyPairRepository;

#[async_trait]
impl KeyPairRepository for SqlStore {}
