//! The repository of compute hosts and their services.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::env::Timestamp;
use crate::error::Result;
use crate::id::{HostName, ZoneName};
use crate::model::{Generation, Host, HostReport, HostUsage, ServiceAvailability, ServiceStatus};

/// Which hosts a list is of. Every condition that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostFilter {
    /// In this zone.
    pub zone: Option<ZoneName>,
    /// Enabled or disabled.
    pub availability: Option<ServiceAvailability>,
    /// Declared down (`true`) or not (`false`).
    pub forced_down: Option<bool>,
    /// With a last report at this time or later.
    pub seen_since: Option<Timestamp>,
    /// With a last report before this time.
    pub silent_since: Option<Timestamp>,
    /// With a name that begins so.
    pub name_prefix: Option<String>,
}

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

    /// A page of the hosts that the filter lets through, by the bytes of their names. The marker
    /// need not be there any more.
    async fn host_list(
        &self,
        filter: &HostFilter,
        page: &PageRequest<HostName>,
    ) -> Result<Page<Host, HostName>>;

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
