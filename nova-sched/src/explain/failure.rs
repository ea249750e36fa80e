//! What failed a whole request.

use std::fmt;

use nova_core::id::HostName;
use serde::{Deserialize, Serialize};

use crate::verdict::Reason;

/// A filter or a weigher could not judge a host, and the scheduler is one that gives the whole
/// request up then ([`SchedulerBuilder::malformed_fails_request`]).
///
/// [`SchedulerBuilder::malformed_fails_request`]: crate::SchedulerBuilder::malformed_fails_request
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// The filter or the weigher.
    pub by: String,
    /// The first host that it could not judge.
    pub host: HostName,
    /// Why not.
    pub reason: Reason,
}

impl Failure {
    pub(crate) fn new(by: &str, host: &HostName, reason: Reason) -> Self {
        Self {
            by: by.to_owned(),
            host: host.clone(),
            reason,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, host, reason } = self;
        write!(f, "{by} cannot judge {host}: {reason}")
    }
}

impl std::error::Error for Failure {}
