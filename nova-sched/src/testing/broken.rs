//! What is shown of a law that is broken.

use std::fmt;

use nova_core::id::HostName;

use crate::fleet::{Fleet, HostAggregate, HostState};
use crate::request::PlacementRequest;

/// What every filter and weigher must keep to, so that plans can be repeated and explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Law {
    /// Asked twice, it says the same twice.
    Pure,
    /// What it says of a host does not depend on where in the fleet the host is.
    HostOrder,
    /// All at once, from any hosts to start with, comes to the same as one by one.
    Batch,
    /// A filter that refuses a host says why: a text that is not empty, and for
    /// [`Reason::Malformed`](crate::Reason::Malformed) the key that is.
    Reasons,
    /// A filter that is [run once per request](crate::Filter::run_once_per_request) would say the
    /// same of a host that it passed after a server of the request was put there.
    RunOnce,
    /// What is [local](crate::Filter::is_local) is said of a host again after another host took a
    /// server of the request.
    Local,
    /// [`Weigher::scores`](crate::Weigher::scores) agree with
    /// [`weigh`](crate::Weigher::weigh).
    Scores,
    /// [`Weigher::multipliers`](crate::Weigher::multipliers) agree with
    /// [`multiplier`](crate::Weigher::multiplier).
    Multipliers,
    /// Weights, multipliers and the lower bound are finite numbers.
    Finite,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pure => "the same twice",
            Self::HostOrder => "independent of the order of hosts",
            Self::Batch => "all at once as one by one",
            Self::Reasons => "reasons for refusals",
            Self::RunOnce => "once for all servers of a request",
            Self::Local => "local answers stand",
            Self::Scores => "scores as weights",
            Self::Multipliers => "all multipliers as each",
            Self::Finite => "finite numbers",
        })
    }
}

/// A filter or weigher breaks a [`Law`].
///
/// It holds a case on which the law is broken, made small: hosts, aggregates and parts of the
/// request that it takes no part of are left out. `Display` shows all of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{breach}")]
pub struct Broken {
    breach: Box<Breach>,
}

/// What there is to say of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Breach {
    pub(super) name: String,
    pub(super) found: Found,
    pub(super) request: PlacementRequest,
    pub(super) hosts: Vec<HostState>,
    pub(super) aggregates: Vec<HostAggregate>,
}

/// How a law is broken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) law: Law,
    pub(super) host: Option<HostName>,
    pub(super) problem: String,
}

impl Broken {
    pub(super) fn new(breach: Breach) -> Self {
        Self {
            breach: Box::new(breach),
        }
    }

    /// The law.
    pub fn law(&self) -> Law {
        self.breach.found.law
    }

    /// The name of the filter or weigher.
    pub fn name(&self) -> &str {
        &self.breach.name
    }

    /// What it did.
    pub fn problem(&self) -> &str {
        &self.breach.found.problem
    }

    /// The host of which it said so, if it was about one.
    pub fn host(&self) -> Option<&HostName> {
        self.breach.found.host.as_ref()
    }

    /// The request.
    pub fn request(&self) -> &PlacementRequest {
        &self.breach.request
    }

    /// The hosts and aggregates.
    pub fn fleet(&self) -> Fleet {
        Fleet::builder()
            .hosts(self.breach.hosts.iter().cloned())
            .aggregates(self.breach.aggregates.iter().cloned())
            .build()
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found { law, host, problem } = &self.found;
        write!(f, "{} breaks the law \"{law}\"", self.name)?;
        if let Some(host) = host {
            write!(f, " at the host {host}")?;
        }
        write!(f, ": {problem}")?;
        let json = |value: serde_json::Result<String>| value.unwrap_or_else(|no| no.to_string());
        write!(
            f,
            "\nrequest: {}",
            json(serde_json::to_string(&self.request))
        )?;
        for host in &self.hosts {
            write!(f, "\nhost: {}", json(serde_json::to_string(host)))?;
        }
        for aggregate in &self.aggregates {
            write!(f, "\naggregate: {}", json(serde_json::to_string(aggregate)))?;
        }
        Ok(())
    }
}
