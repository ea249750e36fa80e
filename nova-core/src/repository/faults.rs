//! The repository of faults.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::Result;
use crate::id::ServerId;
use crate::model::Fault;

/// Keeps the failures of servers. They are added, and go with their server.
#[async_trait]
pub trait FaultRepository: Debug + Send + Sync {
    /// Adds a fault.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if its server is not there.
    async fn fault_record(&self, fault: &Fault) -> Result<()>;

    /// The server's faults, the newest first, at most `limit`. Two of the same instant come in
    /// the reverse order of their recording.
    async fn faults_of(&self, server: ServerId, limit: u32) -> Result<Vec<Fault>>;
}
