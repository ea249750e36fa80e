//! Asking compute hosts.

use std::time::Duration;

use nova_core::RequestContext;
use nova_core::id::HostName;
use nova_rpc::Call;

use super::role::Inner;
use crate::compute::{ComputeFailure, FailureKind};

/// Why a compute host did not do what it was asked.
#[derive(Debug)]
pub(super) enum HostError {
    /// It says why.
    Failed(ComputeFailure),
    /// It was not reached, so it did nothing.
    Unreachable(nova_rpc::Error),
    /// Its answer did not come, so it may have done it.
    Unknown(nova_rpc::Error),
}

impl HostError {
    /// The whole story, for administrators.
    pub(super) fn details(&self) -> String {
        match self {
            Self::Failed(failure) => failure.message.clone(),
            Self::Unreachable(error) | Self::Unknown(error) => crate::compute::chain(error),
        }
    }

    /// Whether the host says that it has no such guest.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.kind == FailureKind::NotFound)
    }
}

impl Inner {
    /// Asks a host, and waits no longer than `timeout` for the answer.
    pub(super) async fn ask<C: Call>(
        &self,
        context: &RequestContext,
        host: &HostName,
        timeout: Duration,
        call: C,
    ) -> Result<C::Reply, HostError> {
        let client = self
            .computes
            .clone()
            .on(host.as_str())
            .with_timeout(timeout);
        // The caller's deadline is for its own answer, which it has had.
        let context = RequestContext {
            deadline: None,
            ..context.clone()
        };
        client.call(&context, call).await.map_err(|error| {
            if let Some(failure) = error.as_remote().and_then(ComputeFailure::from_remote) {
                HostError::Failed(failure)
            } else if error.may_have_run() {
                HostError::Unknown(error)
            } else {
                HostError::Unreachable(error)
            }
        })
    }
}
