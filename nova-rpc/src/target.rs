//! Where a request goes, and where a server listens.

use std::fmt;
use std::sync::Arc;

/// Which of a topic's servers a message is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Route {
    /// Any one of them. Which one is the transport's choice.
    Any,
    /// The one of this name.
    Server(Arc<str>),
    /// Each one that listens now; it is no error if none does. For casts only.
    Fanout,
}

/// Where a call or a cast goes.
///
/// The address only: method, namespace and version are the [`Request`](crate::Request)'s.
///
/// ```
/// use nova_rpc::Target;
///
/// assert_eq!(Target::topic("conductor").to_string(), "conductor");
/// assert_eq!(Target::topic("compute").server("host-1").to_string(), "compute.host-1");
/// assert_eq!(Target::fanout("compute").to_string(), "compute (fan-out)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The role that is addressed.
    pub topic: Arc<str>,
    /// Which of its servers.
    pub route: Route,
}

impl Target {
    /// Any one server of the topic.
    pub fn topic(topic: impl Into<Arc<str>>) -> Self {
        Self {
            topic: topic.into(),
            route: Route::Any,
        }
    }

    /// Every server of the topic that listens now.
    pub fn fanout(topic: impl Into<Arc<str>>) -> Self {
        Self {
            topic: topic.into(),
            route: Route::Fanout,
        }
    }

    /// The server of this name on the same topic.
    #[must_use]
    pub fn server(mut self, server: impl Into<Arc<str>>) -> Self {
        self.route = Route::Server(server.into());
        self
    }

    /// Whether this addresses every listener.
    pub fn is_fanout(&self) -> bool {
        matches!(self.route, Route::Fanout)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.route {
            Route::Any => f.write_str(&self.topic),
            Route::Server(server) => write!(f, "{}.{server}", self.topic),
            Route::Fanout => write!(f, "{} (fan-out)", self.topic),
        }
    }
}

/// Where a server listens: requests for any server of the topic, for this one by its name, and
/// fan-out casts to the topic.
///
/// ```
/// use nova_rpc::Endpoint;
///
/// let endpoint = Endpoint::new("compute", "host-1");
/// assert_eq!(endpoint.to_string(), "compute.host-1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The role.
    pub topic: Arc<str>,
    /// The server's name, usually its host's.
    pub server: Arc<str>,
}

impl Endpoint {
    /// The server `server` of the topic `topic`.
    pub fn new(topic: impl Into<Arc<str>>, server: impl Into<Arc<str>>) -> Self {
        Self {
            topic: topic.into(),
            server: server.into(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.topic, self.server)
    }
}
