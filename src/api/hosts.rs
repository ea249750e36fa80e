//! Compute hosts.

use nova_core::RequestContext;
use nova_core::id::HostName;
use nova_core::model::{Host, HostUsage, ServiceStatus};

use super::Api;
use super::access::administrators_only;
use crate::error::Result;

impl Api {
    /// Every host and what is claimed on it. For administrators.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub async fn host_list(&self, context: &RequestContext) -> Result<Vec<HostUsage>> {
        administrators_only(context)?;
        Ok(self.store.hosts().host_usages().await?)
    }

    /// Lets no new servers onto a host, for a reason that is kept. What is there stays. For
    /// administrators.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden); [`Error::Core`](crate::Error::Core): there
    /// is no such host, the reason is not 1 to 255 characters or has a control character in it, or
    /// somebody else decided about the host at the same time.
    pub async fn host_disable(
        &self,
        context: &RequestContext,
        name: &HostName,
        reason: impl Into<String> + Send,
    ) -> Result<Host> {
        let reason = reason.into();
        self.decide(context, name, |service| service.disable(reason))
            .await
    }

    /// Lets new servers onto a host again. For administrators.
    ///
    /// # Errors
    /// As [`host_disable`](Self::host_disable).
    pub async fn host_enable(&self, context: &RequestContext, name: &HostName) -> Result<Host> {
        self.decide(context, name, |service| Ok(service.enable()))
            .await
    }

    /// Declares a host down, whatever it reports, or takes that back. For administrators, who
    /// know that it is: servers may be rebuilt elsewhere on the strength of it.
    ///
    /// # Errors
    /// As [`host_disable`](Self::host_disable).
    pub async fn host_force_down(
        &self,
        context: &RequestContext,
        name: &HostName,
        down: bool,
    ) -> Result<Host> {
        self.decide(context, name, |service| Ok(service.force_down(down)))
            .await
    }

    async fn decide(
        &self,
        context: &RequestContext,
        name: &HostName,
        change: impl FnOnce(ServiceStatus) -> nova_core::Result<ServiceStatus> + Send,
    ) -> Result<Host> {
        administrators_only(context)?;
        let host = self.store.hosts().host_get(name).await?;
        let service = change(host.service)?;
        Ok(self
            .store
            .hosts()
            .host_set_service(name, host.generation, &service)
            .await?)
    }

    /// Forgets a host on which nothing is claimed. For administrators. Returns whether it was
    /// there. A host whose compute role still runs is back with its next report.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden); [`Error::Core`](crate::Error::Core): there
    /// are servers on it.
    pub async fn host_delete(&self, context: &RequestContext, name: &HostName) -> Result<bool> {
        administrators_only(context)?;
        Ok(self.store.hosts().host_delete(name).await?)
    }
}
