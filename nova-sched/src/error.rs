//! What can go wrong in the scheduler.

use nova_core::id::{HostName, ServerId};

use crate::explain::Explanation;
use crate::fleet::HardwareError;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the scheduler.
///
/// A host that is refused is no error: it is a [`Verdict`](crate::Verdict), and it is explained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The fleet has no host of this name.
    #[error("the fleet has no host {host}")]
    UnknownHost {
        /// The name that was looked for.
        host: HostName,
    },

    /// The fleet has no server of this id.
    #[error("the fleet has no server {server}")]
    UnknownServer {
        /// The id that was looked for.
        server: ServerId,
    },

    /// The server is on a host already.
    #[error("the server {server} is on {host} already")]
    DuplicateServer {
        /// The server.
        server: ServerId,
        /// Its host.
        host: HostName,
    },

    /// No filter is registered under this name.
    #[error("there is no filter {name}")]
    UnknownFilter {
        /// The name that was looked for.
        name: String,
    },

    /// No weigher is registered under this name.
    #[error("there is no weigher {name}")]
    UnknownWeigher {
        /// The name that was looked for.
        name: String,
    },

    /// The value of an option cannot be used.
    #[error("invalid option {option}: {reason}")]
    InvalidOption {
        /// The option, with its section: `metrics.weight_setting`.
        option: String,
        /// What is wrong.
        reason: String,
    },

    /// A server holds NUMA cells or PCI devices that its host has not left.
    #[error("the NUMA cells or PCI devices of {host} cannot be the server's")]
    HardwareClaim {
        /// The host.
        host: HostName,
        /// Why not.
        #[source]
        source: HardwareError,
    },

    /// No host, or not enough of them, could take the request.
    #[error(transparent)]
    NoValidHost(#[from] NoValidHost),
}

impl Error {
    /// Whether the same call with the same fleet may succeed later. It never does: a plan is
    /// repeated on a newer fleet.
    pub fn retryable(&self) -> bool {
        match self {
            Self::UnknownHost { .. }
            | Self::UnknownServer { .. }
            | Self::DuplicateServer { .. }
            | Self::HardwareClaim { .. }
            | Self::UnknownFilter { .. }
            | Self::UnknownWeigher { .. }
            | Self::InvalidOption { .. }
            | Self::NoValidHost(_) => false,
        }
    }
}

/// A plan came to nothing: Nova's `NoValidHost`, with the explanation that Nova does not give.
///
/// `Display` is one line; [`explanation`](Self::explanation) is the whole story.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("no valid host was found: {}", .explanation.summary())]
pub struct NoValidHost {
    explanation: Box<Explanation>,
}

impl NoValidHost {
    pub(crate) fn new(explanation: Explanation) -> Self {
        Self {
            explanation: Box::new(explanation),
        }
    }

    /// Why no host was found, and what would have helped.
    pub fn explanation(&self) -> &Explanation {
        &self.explanation
    }
}
