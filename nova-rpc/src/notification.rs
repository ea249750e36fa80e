//! Notifications: what has happened, told to whoever wants to know.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use nova_core::{Env, RequestContext, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::payload::Payload;

/// How much a notification matters, as `oslo.messaging` grades it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the whole of their meaning")]
pub enum Priority {
    Audit,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
    Sample,
}

impl Priority {
    /// Every priority.
    pub const ALL: [Self; 7] = [
        Self::Audit,
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
        Self::Critical,
        Self::Sample,
    ];

    /// The name in lower case, as in routing keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Sample => "sample",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One notification.
///
/// [`Notifier`](crate::Notifier) makes them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Notification {
    /// Tells repeated deliveries of one notification from two notifications.
    pub message_id: Uuid,
    /// Who tells it, as `compute.host-1`.
    pub publisher_id: Arc<str>,
    /// What happened, as `instance.create.end`.
    pub event_type: Arc<str>,
    /// How much it matters.
    pub priority: Priority,
    /// The particulars.
    pub payload: Payload,
    /// When it was told.
    pub timestamp: Timestamp,
    /// On whose behalf it happened.
    pub context: RequestContext,
}

impl Notification {
    /// A notification of priority [`Priority::Info`], told now, with a new message id.
    pub fn new(
        env: &Env,
        publisher_id: impl Into<Arc<str>>,
        event_type: impl Into<Arc<str>>,
        payload: Payload,
        context: RequestContext,
    ) -> Self {
        Self {
            message_id: env.uuid(),
            publisher_id: publisher_id.into(),
            event_type: event_type.into(),
            priority: Priority::Info,
            payload,
            timestamp: env.now(),
            context,
        }
    }

    /// The same notification of another priority.
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }
}

/// What a subscriber wants to be told.
///
/// Subscribers of the same group share the work: each notification goes to one of them. Every
/// group is told everything. Without a group a subscriber is in the topic's own.
///
/// ```
/// use nova_rpc::Subscription;
///
/// let audit = Subscription::topic("notifications").group("audit");
/// assert_eq!(audit.group.as_deref(), Some("audit"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Subscription {
    /// The topic.
    pub topic: Arc<str>,
    /// The group (a *pool* in `oslo.messaging`), or the topic's own.
    pub group: Option<Arc<str>>,
}

impl Subscription {
    /// All notifications of the topic, shared with the others of the topic's own group.
    pub fn topic(topic: impl Into<Arc<str>>) -> Self {
        Self {
            topic: topic.into(),
            group: None,
        }
    }

    /// The same as a member of this group.
    #[must_use]
    pub fn group(mut self, group: impl Into<Arc<str>>) -> Self {
        self.group = Some(group.into());
        self
    }
}

/// A notification as it reaches a subscriber.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// What is told.
    pub notification: Notification,
    /// Whether it was delivered before, without being acknowledged.
    pub redelivered: bool,
}

impl Delivery {
    /// For authors of transports: a delivery of this notification.
    pub fn new(notification: Notification, redelivered: bool) -> Self {
        Self {
            notification,
            redelivered,
        }
    }
}

/// What becomes of a delivery after the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acknowledge {
    /// It is done with.
    Done,
    /// It is to be delivered again, to this subscriber or another of the group, where the
    /// transport's capabilities have `requeue`; else it is done with.
    Requeue,
}

/// Receives notifications.
///
/// A delivery counts as acknowledged when the future ends, and not before: one whose subscriber
/// stops hard goes to another. Expect to see some twice; the message id tells.
#[async_trait]
pub trait NotificationHandler: Send + Sync + 'static {
    /// Does what the notification calls for.
    ///
    /// A panic is logged and counts as [`Acknowledge::Done`]: the same message would cause it
    /// again.
    async fn notified(&self, delivery: Delivery) -> Acknowledge;
}

/// A notification handler from an asynchronous function.
///
/// ```
/// use nova_rpc::{Acknowledge, Delivery, NotificationHandler, notification_fn};
///
/// let ignore = notification_fn(|_: Delivery| async { Acknowledge::Done });
/// fn is_handler(_: impl NotificationHandler) {}
/// is_handler(ignore);
/// ```
pub fn notification_fn<F, Fut>(function: F) -> NotificationFn<F>
where
    F: Fn(Delivery) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Acknowledge> + Send,
{
    NotificationFn(function)
}

/// The handler that [`notification_fn`] makes.
#[derive(Debug, Clone, Copy)]
pub struct NotificationFn<F>(F);

#[async_trait]
impl<F, Fut> NotificationHandler for NotificationFn<F>
where
    F: Fn(Delivery) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Acknowledge> + Send,
{
    async fn notified(&self, delivery: Delivery) -> Acknowledge {
        (self.0)(delivery).await
    }
}
