//! What failed a whole request.

use std::fmt;

use nova_core::id::HostName;
use serde::{Deserialize, Serialize};

use crate::request::PlacementRequest;
use crate::verdict::Reason;

/// A filter or a weigher could not judge a host, and the scheduler is one that gives the whole
/// request up then ([`SchedulerBuilder::malformed_fails_request`]); or the request asks for more
/// servers than [can be](crate::PlacementRequest::MAX_COUNT).
///
/// [`SchedulerBuilder::malformed_fails_request`]: crate::SchedulerBuilder::malformed_fails_request
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// The filter or the weigher, or the part of the request.
    pub by: String,
    /// The first host that it could not judge; `None` where no host has to do with it.
    pub host: Option<HostName>,
    /// Why not.
    pub reason: Reason,
}

impl Failure {
    pub(crate) fn new(by: &str, host: &HostName, reason: Reason) -> Self {
        Self {
            by: by.to_owned(),
            host: Some(host.clone()),
            reason,
        }
    }
}

impl Failure {
    /// More servers are asked for than can be.
    pub(crate) fn count(request: &PlacementRequest) -> Option<Self> {
        let most = PlacementRequest::MAX_COUNT;
        (request.count() > most).then(|| Self {
            by: "count".to_owned(),
            host: None,
            reason: Reason::Malformed {
                key: "count".to_owned(),
                wanted: request.count().to_string(),
                problem: format!("it is more than {most}"),
            },
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, host, reason } = self;
        match host {
            Some(host) => write!(f, "{by} cannot judge {host}: {reason}"),
            None => write!(f, "{reason}"),
        }
    }
}

impl std::error::Error for Failure {}
