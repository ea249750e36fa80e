//! Deleted servers that were put aside.

use serde::{Deserialize, Serialize};

use super::{Fault, Server};
use crate::env::Timestamp;

/// A deleted server as the archive keeps it, with what belonged to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArchivedServer {
    /// The server as it was.
    pub server: Server,
    /// Its faults, in the order of their recording.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// When it was put aside.
    pub archived_at: Timestamp,
}

impl ArchivedServer {
    /// A server that is put aside now, and had no faults.
    pub fn new(server: Server, archived_at: Timestamp) -> Self {
        Self {
            server,
            faults: Vec::new(),
            archived_at,
        }
    }

    /// With these faults, in the order of their recording.
    #[must_use]
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }
}
