//! Notifications, from the side of whoever tells them.

use std::sync::Arc;
use std::time::Duration;

use nova_core::{Env, RequestContext};

use crate::error::Result;
use crate::notification::{Notification, Priority};
use crate::payload::{Message, Payload};
use crate::transport::Transport;

/// Tells the subscribers of one topic what one publisher has to say. Cheap to clone.
///
/// ```
/// use std::sync::Arc;
///
/// use nova_core::{Env, RequestContext};
/// use nova_rpc::{
///     Acknowledge, Delivery, MemoryTransport, Notifier, Priority, ServeOptions, Subscription,
///     Transport, notification_fn,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let env = Env::system();
/// let transport: Arc<dyn Transport> = Arc::new(MemoryTransport::new(env.clone()));
/// let (seen, mut events) = tokio::sync::mpsc::unbounded_channel();
/// let handler = notification_fn(move |delivery: Delivery| {
///     let _ = seen.send(delivery.notification.event_type);
///     async { Acknowledge::Done }
/// });
/// let subscription = Subscription::topic("notifications");
/// let options = ServeOptions::default();
/// let subscriber = transport.subscribe(&subscription, options, Arc::new(handler)).await?;
///
/// let notifier = Notifier::new(transport, env.clone(), "notifications", "compute.host-1");
/// let context = RequestContext::new(&env, "alice".parse()?, "research".parse()?);
/// notifier.notify(&context, Priority::Info, "instance.create.end", "web-1".to_owned()).await?;
/// assert_eq!(events.recv().await.as_deref(), Some("instance.create.end"));
/// # let _ = subscriber.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Notifier {
    transport: Arc<dyn Transport>,
    env: Env,
    topic: Arc<str>,
    publisher_id: Arc<str>,
    timeout: Duration,
}

impl Notifier {
    /// How long subscribers may be without room where nothing else is said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// A notifier of this topic that tells in the name of `publisher_id`, as `compute.host-1`.
    pub fn new(
        transport: Arc<dyn Transport>,
        env: Env,
        topic: impl Into<Arc<str>>,
        publisher_id: impl Into<Arc<str>>,
    ) -> Self {
        let (topic, publisher_id) = (topic.into(), publisher_id.into());
        Self {
            transport,
            env,
            topic,
            publisher_id,
            timeout: Self::DEFAULT_TIMEOUT,
        }
    }

    /// The same notifier with another limit on waiting for room.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Tells that something happened, and waits until it is accepted.
    ///
    /// The context's deadline does not count: what has happened is told even when the request
    /// that caused it is over.
    ///
    /// # Errors
    /// As [`Transport::notify`].
    pub async fn notify<T: Message>(
        &self,
        context: &RequestContext,
        priority: Priority,
        event_type: impl Into<Arc<str>> + Send,
        payload: T,
    ) -> Result<()> {
        let publisher = Arc::clone(&self.publisher_id);
        let payload = Payload::new(payload);
        let notification =
            Notification::new(&self.env, publisher, event_type, payload, context.clone())
                .with_priority(priority);
        let deadline = self.env.now().saturating_add(self.timeout);
        self.transport
            .notify(&self.topic, notification, deadline)
            .await
    }
}
