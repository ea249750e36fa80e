//! How a transport reaches its broker, and within which bounds.

use std::time::Duration;

use super::error::AmqpConfigError;
use super::topology::check_name;
use super::url::AmqpUrl;

/// How an [`AmqpTransport`](super::AmqpTransport) reaches its broker, and within which bounds.
///
/// ```
/// use std::time::Duration;
///
/// use nova_rpc::amqp::{AmqpConfig, AmqpConfigError};
///
/// let config = AmqpConfig::new("amqp://nova:secret@broker/%2f".parse()?)
///     .control_exchange("openstack")
///     .publish_timeout(Duration::from_secs(5));
/// config.check()?;
/// assert!(!format!("{config:?}").contains("secret"));
///
/// assert!(config.publish_channels(0).check().is_err());
/// # Ok::<(), AmqpConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AmqpConfig {
    /// Where the broker is, and who we are to it.
    pub url: AmqpUrl,
    /// The exchange for everything but fan-outs and replies, as all peers must name it.
    pub control_exchange: String,
    /// What the broker's operator sees our connections called.
    pub connection_name: String,
    /// How long one attempt to connect may take, and how long the first connections may.
    pub connect_timeout: Duration,
    /// The longest rest between attempts to connect again. They never end.
    pub max_reconnect_delay: Duration,
    /// How often an idle connection shows that it lives, unless the URL says so. Whole seconds.
    pub heartbeat: Duration,
    /// How long a message may wait for the broker to accept it. A call's deadline counts too.
    pub publish_timeout: Duration,
    /// How many messages may wait for the broker's confirmation at once.
    pub publish_channels: u16,
    /// How many messages a server or a subscriber takes from each queue ahead of its handlers, at
    /// most; where it runs fewer handlers, as many as those.
    pub max_prefetch: u16,
    /// How long reply and fan-out queues outlive their consumer.
    pub queue_expiry: Duration,
    /// How long a server goes on trying to deliver a reply whose queue is missing.
    pub reply_retry: Duration,
    /// The limit of requests that come without any.
    pub default_deadline: Duration,
    /// The size beyond which a message is neither sent nor read.
    pub max_message_bytes: usize,
}

impl AmqpConfig {
    /// The defaults: exchange `nova`, 10 seconds to connect and to publish, attempts to connect
    /// again at least every 2 seconds, heartbeats of 15 seconds, 32 unconfirmed messages, 256 ahead
    /// of the handlers, queues that expire after 30 minutes, replies tried for 60 seconds,
    /// requests without limit 60 seconds, and 16 MiB for a message.
    pub fn new(url: AmqpUrl) -> Self {
        Self {
            url,
            control_exchange: "nova".to_owned(),
            connection_name: "nova-rpc".to_owned(),
            connect_timeout: Duration::from_secs(10),
            max_reconnect_delay: Duration::from_secs(2),
            heartbeat: Duration::from_secs(15),
            publish_timeout: Duration::from_secs(10),
            publish_channels: 32,
            max_prefetch: 256,
            queue_expiry: Duration::from_secs(30 * 60),
            reply_retry: Duration::from_secs(60),
            default_deadline: Duration::from_secs(60),
            max_message_bytes: 16 << 20,
        }
    }

    /// Another control exchange.
    #[must_use]
    pub fn control_exchange(mut self, name: impl Into<String>) -> Self {
        self.control_exchange = name.into();
        self
    }

    /// Another name for the connections.
    #[must_use]
    pub fn connection_name(mut self, name: impl Into<String>) -> Self {
        self.connection_name = name.into();
        self
    }

    /// This long for each attempt to connect.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// At most this long between attempts to connect again.
    #[must_use]
    pub fn max_reconnect_delay(mut self, delay: Duration) -> Self {
        self.max_reconnect_delay = delay;
        self
    }

    /// Heartbeats this often.
    #[must_use]
    pub fn heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = heartbeat;
        self
    }

    /// This long for the broker to accept a message.
    #[must_use]
    pub fn publish_timeout(mut self, timeout: Duration) -> Self {
        self.publish_timeout = timeout;
        self
    }

    /// This many messages unconfirmed at once.
    #[must_use]
    pub fn publish_channels(mut self, channels: u16) -> Self {
        self.publish_channels = channels;
        self
    }

    /// At most this many messages from each queue ahead of the handlers.
    #[must_use]
    pub fn max_prefetch(mut self, max_prefetch: u16) -> Self {
        self.max_prefetch = max_prefetch;
        self
    }

    /// Reply and fan-out queues outlive their consumer for this long.
    #[must_use]
    pub fn queue_expiry(mut self, expiry: Duration) -> Self {
        self.queue_expiry = expiry;
        self
    }

    /// Replies are tried for this long.
    #[must_use]
    pub fn reply_retry(mut self, time: Duration) -> Self {
        self.reply_retry = time;
        self
    }

    /// Requests that come without any limit have this one.
    #[must_use]
    pub fn default_deadline(mut self, limit: Duration) -> Self {
        self.default_deadline = limit;
        self
    }

    /// Messages up to this size.
    #[must_use]
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = bytes;
        self
    }

    /// Whether all of it can be used. [`AmqpTransport::connect`](super::AmqpTransport::connect)
    /// asks this first.
    ///
    /// # Errors
    /// [`AmqpConfigError::InvalidSetting`] with the first setting that cannot.
    pub fn check(&self) -> Result<(), AmqpConfigError> {
        let invalid = |setting, reason| Err(AmqpConfigError::InvalidSetting { setting, reason });
        if let Err(reason) = check_name(&self.control_exchange) {
            return invalid("control_exchange", reason);
        }
        for (setting, time) in [
            ("connect_timeout", self.connect_timeout),
            ("max_reconnect_delay", self.max_reconnect_delay),
            ("publish_timeout", self.publish_timeout),
            ("default_deadline", self.default_deadline),
        ] {
            if time.is_zero() {
                return invalid(setting, "it is zero");
            }
        }
        if !(1..=u64::from(u16::MAX)).contains(&self.heartbeat.as_secs()) {
            return invalid("heartbeat", "it is not between 1 and 65535 seconds");
        }
        let expiry = self.queue_expiry.as_millis();
        if expiry == 0 || i32::try_from(expiry).is_err() {
            return invalid("queue_expiry", "it is not between 1 ms and 24 days");
        }
        if !(1..=1024).contains(&self.publish_channels) {
            return invalid("publish_channels", "it is not between 1 and 1024");
        }
        if self.max_prefetch == 0 {
            return invalid("max_prefetch", "zero would be no limit at all");
        }
        if self.max_message_bytes == 0 {
            return invalid("max_message_bytes", "it is zero");
        }
        Ok(())
    }

    /// How many messages to take ahead of so many handlers.
    pub(super) fn prefetch(&self, max_in_flight: usize) -> u16 {
        u16::try_from(max_in_flight)
            .unwrap_or(u16::MAX)
            .clamp(1, self.max_prefetch)
    }
}
