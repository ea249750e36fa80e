//! The repository of faults.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::Result;
use crate::id::ServerId;
use crate::model::Fault;

/// How many faults of a server are kept: whoever fails again and again does not fill the store.
pub const MAX_FAULTS: u32 = 100;

/// Keeps the failures of servers. They are added, and go with their server.
#[async_trait]
pub trait FaultRepository: Debug + Send + Sync {
    /// Adds a fault, and forgets those that were recorded longer ago than the last [`MAX_FAULTS`]
    /// of its server.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if its server is not there.
    async fn fault_record(&self, fault: &Fault) -> Result<()>;

    /// The server's faults, the newest first, at most `limit`. Two of the same instant come in
    /// the reverse order of their recording.
    async fn faults_of(&self, server: ServerId, limit: u32) -> Result<Vec<Fault>>;
}
