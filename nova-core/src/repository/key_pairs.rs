//! The repository of key pairs.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::error::Result;
use crate::id::UserId;
use crate::model::{KeyPair, KeyPairName};

/// Keeps users' public keys. They are created and deleted, never changed.
#[async_trait]
pub trait KeyPairRepository: Debug + Send + Sync {
    /// Adds a key pair. With a `limit` the user has no more key pairs afterwards than that (Nova's
    /// quota `key_pairs`), whoever adds some at the same time.
    ///
    /// # Errors
    /// In this order: [`AlreadyExists`](crate::Error::AlreadyExists) if the user has one of that
    /// name; [`LimitExceeded`](crate::Error::LimitExceeded), owned by the user.
    async fn key_pair_create(&self, pair: &KeyPair, limit: Option<u32>) -> Result<()>;

    /// The user's key pair of this name.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound), by the name.
    async fn key_pair_get(&self, user: &UserId, name: &KeyPairName) -> Result<KeyPair>;

    /// A page of the user's key pairs, by name.
    async fn key_pair_list(
        &self,
        user: &UserId,
        page: &PageRequest<KeyPairName>,
    ) -> Result<Page<KeyPair, KeyPairName>>;

    /// Removes a key pair; servers keep what they were given. Returns whether it was there.
    async fn key_pair_delete(&self, user: &UserId, name: &KeyPairName) -> Result<bool>;
}
