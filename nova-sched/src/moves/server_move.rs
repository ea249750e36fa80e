//! One server that goes to another host.

use std::fmt;

use nova_core::id::{HostName, ServerId};
use serde::{Deserialize, Serialize};

/// One server that goes to another host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerMove {
    /// The server.
    pub server: ServerId,
    /// Where it is.
    pub from: HostName,
    /// Where it goes.
    pub to: HostName,
}

impl ServerMove {
    pub(crate) fn new(server: ServerId, from: &HostName, to: &HostName) -> Self {
        Self {
            server,
            from: from.clone(),
            to: to.clone(),
        }
    }
}

impl fmt::Display for ServerMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "move {} from {} to {}", self.server, self.from, self.to)
    }
}
