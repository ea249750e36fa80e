//! The transport across a RabbitMQ broker, in the wire format of `oslo.messaging`.
//!
//! * `transport`: [`AmqpTransport`], which implements [`Transport`](crate::Transport).
//! * `outline`: a message that is sent, as errors tell of it.
//! * `config`: [`AmqpConfig`], how it reaches the broker and within which bounds; `url`:
//!   [`AmqpUrl`], where the broker is.
//! * `error`: [`AmqpConfigError`], and the broker's errors in the crate's terms.
//! * `stats`: [`AmqpStats`], what happened since it began.
//! * `shared`: what a transport and all that works for it share.
//! * `alive`: waiting for lapin no longer than what it works on lives.
//! * `link`: one connection that is made again whenever it is lost.
//! * `topology`: the exchanges and queues, by their names and flags.
//! * `publisher`: messages on their way to the broker; `ticket`: how one is withdrawn; `channels`:
//!   the channels they take.
//! * `feed`: queues that are consumed, again after every loss.
//! * `incoming`: messages before anybody knows what they say.
//! * `replies`: the reply queue and those who wait for answers.
//! * `server`: one server and its handlers in flight; `answer`: the way back; `recent`: what came
//!   lately.
//! * `subscriber`: one member of a group of subscribers.
//! * `serving`: the end of a server or a subscriber.
//! * `codec`: the bytes.

mod alive;
mod answer;
mod channels;
mod codec;
mod config;
mod error;
mod feed;
mod incoming;
mod link;
mod outline;
mod publisher;
mod recent;
mod replies;
mod server;
mod serving;
mod shared;
mod stats;
mod subscriber;
mod ticket;
mod topology;
mod transport;
mod url;

pub use config::AmqpConfig;
pub use error::AmqpConfigError;
pub use stats::AmqpStats;
pub use transport::AmqpTransport;
pub use url::AmqpUrl;
