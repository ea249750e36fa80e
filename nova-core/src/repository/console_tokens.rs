//! The repository of console tokens.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::env::Timestamp;
use crate::error::Result;
use crate::id::ServerId;
use crate::model::{ConsoleAccess, ConsoleTokenHash};

/// Keeps what console tokens open. They go with their server when it is purged.
#[async_trait]
pub trait ConsoleTokenRepository: Debug + Send + Sync {
    /// Keeps what a token opens.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound) if its server is not there;
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if the token is kept already.
    async fn console_token_save(&self, access: &ConsoleAccess) -> Result<()>;

    /// What the token opens at the time `now`. It is not used up.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if nothing is kept of it, or it expired: the two look
    /// the same.
    async fn console_token_authorize(
        &self,
        token: &ConsoleTokenHash,
        now: Timestamp,
    ) -> Result<ConsoleAccess>;

    /// Removes the tokens of a server, and returns how many. To be called when it leaves its host.
    async fn console_token_delete_of(&self, server: ServerId) -> Result<u64>;

    /// Removes at most `limit` tokens that have expired at the time `now`, the longest expired
    /// first, and returns how many.
    async fn console_token_purge_expired(&self, now: Timestamp, limit: u32) -> Result<u64>;
}
