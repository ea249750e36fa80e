//! Who may know of what.

use nova_core::id::ServerId;
use nova_core::model::Server;
use nova_core::state::Caller;
use nova_core::{Error as CoreError, ObjectKind, RequestContext};

use super::Api;
use crate::error::{Error, Result};

/// The caller as the state table sees it.
pub(super) fn caller(context: &RequestContext) -> Caller {
    if context.is_admin {
        Caller::Admin
    } else {
        Caller::User
    }
}

/// The server, if the caller may know of it. One that is deleted is gone.
pub(super) fn visible(context: &RequestContext, server: &Server) -> Result<()> {
    if server.deleted_at.is_none() && context.can_see(&server.project_id) {
        Ok(())
    } else {
        // The same answer as for a server that never was: existence is not told either.
        Err(CoreError::not_found(ObjectKind::Server, server.id).into())
    }
}

/// The server as its owner may see it: where it is, is for administrators.
pub(super) fn shown(context: &RequestContext, mut server: Server) -> Server {
    if !context.is_admin {
        server.host = None;
    }
    server
}

/// Refuses whoever does not administer the cloud.
pub(super) fn administrators_only(context: &RequestContext) -> Result<()> {
    if context.is_admin {
        Ok(())
    } else {
        Err(Error::Forbidden)
    }
}

impl Api {
    pub(super) async fn read(&self, context: &RequestContext, id: ServerId) -> Result<Server> {
        let server = self.store.servers().server_get(id).await?;
        visible(context, &server)?;
        Ok(server)
    }
}
