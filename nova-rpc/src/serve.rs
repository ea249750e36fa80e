//! What it is to be a server.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

/// How a server or a subscriber works.
///
/// ```
/// use std::time::Duration;
///
/// use nova_rpc::ServeOptions;
///
/// let options = ServeOptions::default().max_in_flight(4).drain(Duration::from_secs(5));
/// assert_eq!(options.max_in_flight, 4);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeOptions {
    /// How many handlers run at once; at least one.
    pub max_in_flight: usize,
    /// How many accepted requests may wait for one of them; at least one. Where it is full,
    /// senders wait. A transport whose queues are a broker's leaves this to the broker.
    pub backlog: usize,
    /// How long a server that stops waits for what it has begun.
    pub drain: Duration,
}

impl Default for ServeOptions {
    /// 64 at once, 1024 waiting, 30 seconds.
    fn default() -> Self {
        Self {
            max_in_flight: 64,
            backlog: 1024,
            drain: Duration::from_secs(30),
        }
    }
}

impl ServeOptions {
    /// This many handlers at once; zero counts as one.
    #[must_use]
    pub fn max_in_flight(mut self, max_in_flight: usize) -> Self {
        self.max_in_flight = max_in_flight.max(1);
        self
    }

    /// This many requests waiting; zero counts as one.
    #[must_use]
    pub fn backlog(mut self, backlog: usize) -> Self {
        self.backlog = backlog.max(1);
        self
    }

    /// This long for what has begun.
    #[must_use]
    pub fn drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }
}

/// A server or a subscriber at work. It works for as long as this is held.
///
/// **Dropping it stops the server hard**: it accepts nothing more, what waits is given back as on
/// [`stop`](Self::stop), and handlers that have begun are dropped at their next await; their
/// callers get [`Error::NoReply`](crate::Error::NoReply). Notifications that were not
/// acknowledged are delivered to another subscriber of the group, if there is one.
#[must_use = "a server stops hard when its handle is dropped"]
pub struct ServerHandle(Box<dyn Serving>);

impl ServerHandle {
    /// For authors of transports: a handle on this server.
    pub fn new(serving: impl Serving) -> Self {
        Self(Box::new(serving))
    }

    /// Stops the server in good order.
    ///
    /// It accepts nothing more at once. Requests that it had accepted and not begun go to another
    /// server of the topic if they may, or back to their callers as
    /// [`Error::NotSent`](crate::Error::NotSent), where the transport's capabilities have
    /// `handover`; casts that no other server takes are lost, which the log says. What has begun
    /// is awaited until [`ServeOptions::drain`] is over, then dropped as on a hard stop.
    ///
    /// Dropping this future stops the server hard.
    pub async fn stop(self) -> Stopped {
        self.0.stop().await
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerHandle").field(&self.0).finish()
    }
}

/// How a server came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a server that was not drained has dropped handlers halfway"]
pub enum Stopped {
    /// All that had begun came to its end.
    Drained,
    /// The time was over before; the rest was dropped.
    Aborted,
}

/// For authors of transports: what is behind a [`ServerHandle`].
///
/// Dropping it must stop the server hard, without waiting, as [`ServerHandle`] describes.
#[async_trait]
pub trait Serving: fmt::Debug + Send + Sync + 'static {
    /// Stops in good order, as [`ServerHandle::stop`] describes. Dropping the future stops hard.
    async fn stop(self: Box<Self>) -> Stopped;
}
