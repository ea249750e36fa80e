//! What a transport is.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use nova_core::Timestamp;

use crate::capabilities::Capabilities;
use crate::error::Result;
use crate::handler::Handler;
use crate::notification::{Notification, NotificationHandler, Subscription};
use crate::payload::Payload;
use crate::request::Request;
use crate::serve::{ServeOptions, ServerHandle};
use crate::target::{Endpoint, Target};

/// Carries requests, replies and notifications between roles.
///
/// This is what an author of a transport writes; users call through [`Client`](crate::Client) and
/// [`Notifier`](crate::Notifier). It speaks of semantics, not of bytes. Every transport keeps the
/// following, [`capabilities`](Self::capabilities) says what it keeps beyond, and the suite in
/// `nova_rpc::conformance` (feature `conformance`) tests both.
///
/// * **Requests are delivered at most once.** A transport never repeats one that was accepted.
/// * **One deadline** bounds connecting, sending and the answer together. A server drops a
///   request whose deadline has passed, and does not begin it.
/// * **No order is promised**, not even between two casts of one sender. Of a topic's servers any
///   may get a request; the choice need not be fair.
/// * **Backpressure.** Sending resolves when the message is accepted. At most
///   [`ServeOptions::max_in_flight`] handlers of a server run at once; accepted requests wait in a
///   bounded queue or in the broker's.
/// * **Cancellation is local.** Dropping the future of a call forgets its waiter. If the message
///   was not accepted it is never sent; if it was, the work goes on and its answer is ignored.
/// * **A failing handler harms nobody else**: a panic is the caller's
///   [`Error::Remote`](crate::Error::Remote), and the server lives on.
/// * **Notifications** are acknowledged after the work, so a subscriber may see one twice.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use nova_core::{Env, RequestContext};
/// use nova_rpc::{
///     Endpoint, IdempotencyKey, MemoryTransport, Payload, Request, ServeOptions, Target,
///     Transport, handler_fn,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let env = Env::system();
/// let transport = MemoryTransport::new(env.clone());
/// let echo = Arc::new(handler_fn(|request| async move { Ok(request.args) }));
/// let endpoint = Endpoint::new("compute", "host-1");
/// let server = transport.serve(&endpoint, ServeOptions::default(), echo).await?;
///
/// let context = RequestContext::new(&env, "alice".parse()?, "research".parse()?);
/// let deadline = env.now().saturating_add(Duration::from_secs(5));
/// let key = IdempotencyKey::generate(&env);
/// let request = Request::new("echo", Payload::new(7_u8), context, deadline, key);
/// let reply = transport.call(&Target::topic("compute"), request).await?;
/// assert_eq!(reply.into_typed::<u8>()?, 7);
/// # let _ = server.stop().await;
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// The name of the kind of transport, for people: `memory`, `amqp`.
    fn name(&self) -> &'static str;

    /// What this transport keeps beyond what every transport does.
    fn capabilities(&self) -> Capabilities;

    /// Sends a request to one server and waits for the answer.
    ///
    /// Dropping the future forgets the waiter; see the trait.
    ///
    /// # Errors
    /// * [`InvalidTarget`](crate::Error::InvalidTarget): the target is a fan-out.
    /// * [`NotSent`](crate::Error::NotSent), [`Unreachable`](crate::Error::Unreachable): nothing
    ///   was begun; safe to retry.
    /// * [`TimedOut`](crate::Error::TimedOut): the deadline passed. It may have run.
    /// * [`NoReply`](crate::Error::NoReply): the server or the connection went down over it.
    /// * [`Remote`](crate::Error::Remote): the handler failed.
    async fn call(&self, target: &Target, request: Request) -> Result<Payload>;

    /// Sends a request to one server, or to each that listens, and waits until it is accepted.
    ///
    /// What becomes of it is not told. A fan-out reaches each server that listens when it is
    /// sent; none is no error.
    ///
    /// # Errors
    /// [`NotSent`](crate::Error::NotSent) and [`Unreachable`](crate::Error::Unreachable) as for
    /// [`call`](Self::call); [`TimedOut`](crate::Error::TimedOut) if it was not accepted by the
    /// deadline — for a fan-out: not by each listener.
    async fn cast(&self, target: &Target, request: Request) -> Result<()>;

    /// Begins to serve. Resolves when the server can be reached.
    ///
    /// Several servers may listen to one topic, and several under one name: those share what is
    /// sent to the name. The server works until its handle is stopped or dropped.
    ///
    /// # Errors
    /// [`Transport`](crate::Error::Transport) if the transport cannot listen.
    async fn serve(
        &self,
        listen: &Endpoint,
        options: ServeOptions,
        handler: Arc<dyn Handler>,
    ) -> Result<ServerHandle>;

    /// Tells every group that subscribes to the topic, and waits until each has accepted it.
    ///
    /// Each group has a queue. Where one is full this waits for room, until the deadline. That
    /// nobody subscribes is no error. Dropping the future may leave some groups untold.
    ///
    /// # Errors
    /// [`NotSent`](crate::Error::NotSent) if nobody was told; [`TimedOut`](crate::Error::TimedOut)
    /// if some group had no room by the deadline; others may have been told. Sending the same
    /// notification again tells them twice, under the same message id.
    async fn notify(
        &self,
        topic: &str,
        notification: Notification,
        deadline: Timestamp,
    ) -> Result<()>;

    /// Begins to receive notifications. Resolves when everything sent from then on will arrive.
    ///
    /// [`ServeOptions::max_in_flight`] handlers run at once. [`ServeOptions::backlog`] bounds the
    /// group's queue: its first member's counts.
    ///
    /// # Errors
    /// [`Transport`](crate::Error::Transport) if the transport cannot subscribe.
    async fn subscribe(
        &self,
        subscription: &Subscription,
        options: ServeOptions,
        handler: Arc<dyn NotificationHandler>,
    ) -> Result<ServerHandle>;
}
