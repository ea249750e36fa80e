//! The repository of compute hosts and their services.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::env::Timestamp;
use crate::error::Result;
use crate::id::HostName;
use crate::model::{Generation, Host, HostReport, HostUsage, ServiceStatus};

/// Keeps compute hosts.
#[async_trait]
pub trait HostRepository: Debug + Send + Sync {
    /// Takes what a host says of itself, at the time `now`; the first report adds the host.
    ///
    /// A report never changes [`Host::service`] or the generation. What is claimed on the host
    /// stays claimed even if it now offers less; nothing more fits until it has shrunk. Returns the
    /// host as it is kept now.
    async fn host_report(&self, report: &HostReport, now: Timestamp) -> Result<Host>;

    /// The host with this name.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn host_get(&self, name: &HostName) -> Result<Host>;

    /// Every host with the sum of the claims on it, by name. One consistent picture.
    async fn host_usages(&self) -> Result<Vec<HostUsage>>;

    /// Writes an administrator's decision if the store still holds `generation`.
    ///
    /// # Errors
    /// [`Stale`](crate::Error::Stale) if it was decided since; [`NotFound`](crate::Error::NotFound).
    async fn host_set_service(
        &self,
        name: &HostName,
        generation: Generation,
        service: &ServiceStatus,
    ) -> Result<Host>;

    /// Removes a host on which nothing is claimed. Returns whether it was there.
    ///
    /// # Errors
    /// [`InUse`](crate::Error::InUse) while anything is claimed on it.
    async fn host_delete(&self, name: &HostName) -> Result<bool>;
}
