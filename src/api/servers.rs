//! Reading servers.

use nova_core::RequestContext;
use nova_core::id::ServerId;
use nova_core::model::{Fault, Server};
use nova_core::repository::{Deleted, Page, PageRequest, ServerFilter, ServerSort};

use super::Api;
use super::access::{administrators_only, shown};
use crate::error::{Error, Result};

/// How many faults of a server are told.
const MAX_FAULTS: u32 = 100;

impl Api {
    /// A server. Its host is shown to administrators only.
    ///
    /// # Errors
    /// [`Error::Core`]: not found, or not the caller's.
    pub async fn server_show(&self, context: &RequestContext, id: ServerId) -> Result<Server> {
        Ok(shown(context, self.read(context, id).await?))
    }

    /// A page of servers, the oldest first: the caller's project's, without their hosts; for an
    /// administrator, what the filter says.
    ///
    /// # Errors
    /// [`Error::Core`]: the marker is not there, or the filter names too much;
    /// [`Error::Forbidden`]: deleted servers and hosts are for
    /// administrators.
    pub async fn server_list(
        &self,
        context: &RequestContext,
        filter: &ServerFilter,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<Server, ServerId>> {
        let mut filter = filter.clone();
        if !context.is_admin {
            if filter.deleted != Deleted::Exclude || filter.host.is_some() {
                administrators_only(context)?;
            }
            filter.project = Some(context.project_id.clone());
        }
        let sort = ServerSort::default();
        let mut servers = self
            .store
            .servers()
            .server_list(&filter, sort, page)
            .await?;
        servers.items = servers
            .items
            .into_iter()
            .map(|server| shown(context, server))
            .collect();
        Ok(servers)
    }

    /// Why a server failed, the newest first. The details and the host are for administrators.
    ///
    /// # Errors
    /// [`Error::Core`]: the server is not found, or not the caller's.
    pub async fn server_faults(
        &self,
        context: &RequestContext,
        id: ServerId,
    ) -> Result<Vec<Fault>> {
        self.read(context, id).await?;
        let mut faults = self.store.faults().faults_of(id, MAX_FAULTS).await?;
        if !context.is_admin {
            for fault in &mut faults {
                fault.details = None;
                fault.host = None;
            }
        }
        Ok(faults)
    }

    /// Forgets a deleted server for good. For administrators. Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Core`]: it is not deleted; [`Error::GuestMayRemain`]: it was
    /// deleted while its host did not answer, and once it is forgotten nobody would remove its
    /// guest. It can be forgotten when the host has reported again, or was
    /// [deleted](Self::host_delete).
    pub async fn server_purge(&self, context: &RequestContext, id: ServerId) -> Result<bool> {
        administrators_only(context)?;
        let server = match self.store.servers().server_get(id).await {
            Ok(server) => server,
            Err(error) if error.is_not_found() => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        if let (Some(host), Some(_)) = (&server.host, server.deleted_at) {
            match self.store.hosts().host_get(host).await {
                Ok(_) => {
                    return Err(Error::GuestMayRemain {
                        server: id,
                        host: host.clone(),
                    });
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self
            .store
            .servers()
            .server_purge(id, server.generation)
            .await?)
    }
}
