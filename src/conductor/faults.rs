//! Recording why a server failed.

use nova_core::RequestContext;
use nova_core::id::{HostName, ServerId};
use nova_core::model::Fault;

use super::computes::HostError;
use super::role::{Inner, STORE_PATIENCE};
use crate::compute::{FailureKind, chain};
use crate::update::patiently;

/// A failure, as it will be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// What kind it is, from which follows what the owner is told.
    pub(super) kind: Kind,
    /// What administrators are told.
    pub(super) details: String,
    /// Where it happened.
    pub(super) host: Option<HostName>,
}

/// The kinds of failure that an owner is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    NoValidHost,
    RetriesExceeded,
    /// No host could do it: the fault is in what was asked for.
    BadRequest,
    HostFailed,
    Unsupported,
    Internal,
}

impl Kind {
    /// What the owner of the server is told: it names nothing inside the cloud.
    const fn message(self) -> &'static str {
        match self {
            Self::NoValidHost => "No valid host was found. There are not enough hosts available.",
            Self::RetriesExceeded => {
                "Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures."
            }
            Self::BadRequest => {
                "Build of the server was aborted: its image or its size cannot be used."
            }
            Self::HostFailed => "The server's host could not carry out the operation.",
            Self::Unsupported => "The server's host does not offer the operation.",
            Self::Internal => "An internal error stopped the operation.",
        }
    }
}

impl Failure {
    /// A failure of a host.
    pub(super) fn of_host(error: &HostError, host: &HostName) -> Self {
        let kind = match error {
            HostError::Failed(failure) if failure.same_elsewhere => Kind::BadRequest,
            HostError::Failed(failure) if failure.kind == FailureKind::Unsupported => {
                Kind::Unsupported
            }
            _ => Kind::HostFailed,
        };
        Self {
            kind,
            details: error.details(),
            host: Some(host.clone()),
        }
    }

    /// A failure of the control plane itself.
    pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            kind: Kind::Internal,
            details: chain(error),
            host: None,
        }
    }
}

/// The longest details that are kept, in bytes.
const MAX_DETAILS: usize = 16 * 1024;

impl Inner {
    /// Keeps the failure with its server. A store that cannot is logged: the operation failed
    /// all the same.
    pub(super) async fn record_fault(
        &self,
        context: &RequestContext,
        server_id: ServerId,
        failure: Failure,
    ) {
        let mut details = failure.details;
        if details.len() > MAX_DETAILS {
            let end = (0..=MAX_DETAILS)
                .rev()
                .find(|end| details.is_char_boundary(*end));
            details.truncate(end.unwrap_or(0));
        }
        let fault = Fault {
            server_id,
            request_id: context.request_id.clone(),
            code: 500,
            message: failure.kind.message().to_owned(),
            details: Some(details),
            host: failure.host,
            created_at: self.env.now(),
        };
        tracing::warn!(server = %server_id, message = fault.message, details = fault.details, "an operation failed");
        let recorded = patiently(&self.env, STORE_PATIENCE, || {
            self.store.faults().fault_record(&fault)
        });
        if let Err(error) = recorded.await {
            tracing::error!(server = %server_id, %error, "a fault was not recorded");
        }
    }
}
