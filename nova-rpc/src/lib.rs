//! Message transports and typed calls for the roles of a compute control plane.
//!
//! Roles such as API, conductor, scheduler and compute talk in typed calls. Whether the other one
//! is in the same process or across a broker is the [`Transport`]'s affair.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use nova_core::{Env, RequestContext};
//! use nova_rpc::{
//!     Call, Client, Endpoint, Incoming, MemoryTransport, RemoteError, Router, ServeOptions,
//!     Target, Transport, Version,
//! };
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Clone, Serialize, Deserialize)]
//! struct PowerOn {
//!     server: String,
//! }
//!
//! impl Call for PowerOn {
//!     const METHOD: &'static str = "power_on";
//!     const VERSION: Version = Version::new(1, 0);
//!     type Reply = String;
//! }
//!
//! async fn power_on(incoming: Incoming, call: PowerOn) -> Result<String, RemoteError> {
//!     Ok(format!("{} is on, {} asked", call.server, incoming.context.user_id))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let env = Env::system();
//! let transport: Arc<dyn Transport> = Arc::new(MemoryTransport::new(env.clone()));
//!
//! // On the compute host:
//! let router = Router::new(Version::new(1, 0)).on(power_on);
//! let endpoint = Endpoint::new("compute", "host-1");
//! let server = transport.serve(&endpoint, ServeOptions::default(), Arc::new(router)).await?;
//!
//! // In the conductor:
//! let compute = Client::new(transport, env.clone(), Target::topic("compute"))
//!     .with_timeout(Duration::from_secs(10));
//! let context = RequestContext::new(&env, "alice".parse()?, "research".parse()?);
//! let answer = compute.on("host-1").call(&context, PowerOn { server: "web-1".into() }).await?;
//! assert_eq!(answer, "web-1 is on, alice asked");
//!
//! let _ = server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The parts
//!
//! * [`Transport`]: what carries messages, and what it promises; [`MemoryTransport`] within one
//!   process.
//! * [`Call`], [`Client`], [`Router`], [`Incoming`]: typed calls; [`Target`] and [`Endpoint`] say
//!   where they go and where they are served, [`Version`] who understands whom.
//! * [`Request`], [`Payload`], [`Handler`]: the same for those who write transports or middleware.
//! * [`Deduplicated`]: effects that happen once per [`IdempotencyKey`].
//! * [`Notifier`], [`Notification`], [`NotificationHandler`]: what has happened, told to whoever
//!   wants to know.
//! * [`Error`]: by what the caller may do; [`RemoteError`]: a failure on the other side.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `amqp` | `nova_rpc::amqp`: the transport across a RabbitMQ broker, as `oslo.messaging` speaks |
//! | `conformance` | `nova_rpc::conformance`: the suite that every transport passes |
//!
//! # Not here
//!
//! Ordered or exactly-once delivery, streams, cancelling work on the other side, and service
//! discovery: who listens is all that a transport knows.

mod call;
mod capabilities;
mod client;
mod deduplicated;
mod dispatch;
mod error;
mod handler;
mod idempotency;
mod incoming;
mod memory;
mod notification;
mod notifier;
mod payload;
mod remote_error;
mod request;
mod router;
mod serve;
mod target;
mod transport;
mod version;

#[cfg(feature = "amqp")]
pub mod amqp;
#[cfg(feature = "conformance")]
pub mod conformance;

pub use call::Call;
pub use capabilities::Capabilities;
pub use client::Client;
pub use deduplicated::{Deduplicated, RememberOptions};
pub use dispatch::dispatch;
pub use error::{Error, Result};
pub use handler::{Handler, HandlerFn, handler_fn};
pub use idempotency::IdempotencyKey;
pub use incoming::Incoming;
pub use memory::MemoryTransport;
pub use notification::{
    Acknowledge, Delivery, Notification, NotificationFn, NotificationHandler, Priority,
    Subscription, notification_fn,
};
pub use notifier::Notifier;
pub use payload::{Message, Payload, PayloadError};
pub use remote_error::RemoteError;
pub use request::Request;
pub use router::{IntoOutcome, Router};
pub use serve::{ServeOptions, ServerHandle, Serving, Stopped};
pub use target::{Endpoint, Route, Target};
pub use transport::Transport;
pub use version::{InvalidVersion, Version};

// In our signatures on purpose: how traits are implemented, what a wire carries, message ids.
pub use async_trait::async_trait;
pub use serde_json;
pub use uuid;
