//! Why a server failed.

use serde::{Deserialize, Serialize};

use crate::env::Timestamp;
use crate::id::{HostName, RequestId, ServerId};

/// A failure of an operation on a server, kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The server.
    pub server_id: ServerId,
    /// The request whose operation failed.
    pub request_id: RequestId,
    /// A number in the style of an HTTP status: 500 for a failure, 404 for a thing not found.
    pub code: u16,
    /// What the owner of the server is told.
    pub message: String,
    /// What only an administrator is told: the chain of causes.
    pub details: Option<String>,
    /// The host on which it happened, if it was on one. For administrators.
    pub host: Option<HostName>,
    /// When.
    pub created_at: Timestamp,
}
