//! Deleting a server.

use nova_core::RequestContext;
use nova_core::id::HostName;
use nova_core::model::Server;
use nova_core::state::{PowerState, VmState};

use super::computes::HostError;
use super::faults::Failure;
use super::role::{Inner, STORE_PATIENCE};
use crate::calls::compute::TerminateInstance;
use crate::compute::chain;
use crate::update::{Change, patiently};

impl Inner {
    /// Removes the guest, gives its resources back and marks the server deleted.
    ///
    /// A host that cannot be reached does not stand in the way: the server is deleted here, and
    /// its guest when the host reports again.
    pub(super) async fn delete(&self, context: &RequestContext, server: &Server) {
        let mut left_on = None;
        if let Some(host) = &server.host {
            let call = TerminateInstance {
                server_id: server.id,
            };
            match self
                .ask(context, host, self.config.operation_timeout, call)
                .await
            {
                Ok(()) => {}
                Err(error) if error.is_not_found() => {}
                Err(HostError::Unreachable(error)) => {
                    tracing::warn!(server = %server.id, %host, error = chain(&error), "deleted without its host");
                    left_on = Some(host.clone());
                }
                Err(error) => {
                    let failure = Failure::of_host(&error, host);
                    return self.fail_delete(context, server, failure).await;
                }
            }
        }
        if let Err(error) = self.forget(server, left_on).await {
            self.fail_delete(context, server, Failure::internal(&error))
                .await;
        }
    }

    async fn forget(&self, server: &Server, left_on: Option<HostName>) -> nova_core::Result<()> {
        patiently(&self.env, STORE_PATIENCE, || {
            self.store.allocations().release(server.id.into(), None)
        })
        .await?;
        self.update(server.id, |server| {
            server.vm_state = VmState::Deleted;
            server.task_state = None;
            server.power_state = PowerState::NoState;
            server.deleted_at = Some(self.env.now());
            // A host that is still named may still have the guest.
            server.host = left_on.clone();
            Change::Write
        })
        .await?;
        tracing::info!(server = %server.id, "deleted");
        Ok(())
    }

    /// The server is in error, where it may be deleted again.
    async fn fail_delete(&self, context: &RequestContext, server: &Server, failure: Failure) {
        let written = self
            .update(server.id, |server| {
                server.vm_state = VmState::Error;
                server.task_state = None;
                Change::Write
            })
            .await;
        if let Err(error) = written {
            tracing::error!(server = %server.id, error = chain(&error), "a failed delete was not noted");
        }
        self.record_fault(context, server.id, failure).await;
    }
}
