//! One member of a group.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::group::{Group, Unacknowledged};
use super::registry::Registry;
use crate::dispatch::catch_panic;
use crate::notification::{Acknowledge, NotificationHandler, Subscription};
use crate::serve::{ServeOptions, Serving, Stopped};

/// How long a notification that was given back rests: a subscriber that cannot do its work now
/// must not spin on it.
const REQUEUE_PAUSE: Duration = Duration::from_millis(100);

/// What a subscriber's handle holds.
#[derive(Debug)]
pub(super) struct MemorySubscribing {
    membership: Option<Membership>,
    stop: CancellationToken,
    task: JoinHandle<Stopped>,
}

/// A place in a group, left exactly once.
#[derive(Debug)]
struct Membership {
    registry: Arc<Registry>,
    subscription: Subscription,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.registry.leave(&self.subscription);
    }
}

impl MemorySubscribing {
    /// Joins the group and begins to receive.
    pub(super) fn begin(
        runtime: &Handle,
        registry: &Arc<Registry>,
        subscription: &Subscription,
        options: ServeOptions,
        handler: Arc<dyn NotificationHandler>,
    ) -> Self {
        let group = registry.join(subscription, options.backlog);
        let membership = Some(Membership {
            registry: Arc::clone(registry),
            subscription: subscription.clone(),
        });
        let stop = CancellationToken::new();
        let topic = Arc::clone(&subscription.topic);
        let task = runtime.spawn(receive(group, topic, options, handler, stop.clone()));
        Self {
            membership,
            stop,
            task,
        }
    }
}

#[async_trait]
impl Serving for MemorySubscribing {
    async fn stop(mut self: Box<Self>) -> Stopped {
        self.stop.cancel();
        // What is still given back after this is for the members that remain.
        drop(self.membership.take());
        // The task itself sees to the drain time, and nobody else aborts it.
        (&mut self.task).await.unwrap_or(Stopped::Aborted)
    }
}

impl Drop for MemorySubscribing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes deliveries while there is a handler for them, until told to stop; then drains.
async fn receive(
    group: Arc<Group>,
    topic: Arc<str>,
    options: ServeOptions,
    handler: Arc<dyn NotificationHandler>,
    stop: CancellationToken,
) -> Stopped {
    let in_flight = options.max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
    // Dropped, the set aborts its tasks, and each gives its delivery back.
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = running.join_next() => {}
            delivery = Arc::clone(&group).take(), if running.len() < in_flight => {
                running.spawn(work(Arc::clone(&handler), Arc::clone(&topic), delivery));
            }
        }
    }
    let drained = async { while running.join_next().await.is_some() {} };
    match tokio::time::timeout(options.drain, drained).await {
        Ok(()) => Stopped::Drained,
        Err(_) => {
            running.shutdown().await;
            Stopped::Aborted
        }
    }
}

async fn work(handler: Arc<dyn NotificationHandler>, topic: Arc<str>, held: Unacknowledged) {
    let Some(delivery) = held.delivery() else {
        return;
    };
    let span = tracing::info_span!(
        "notification",
        %topic,
        event_type = %delivery.notification.event_type,
        request_id = %delivery.notification.context.request_id,
    );
    let run = async move { handler.notified(delivery).await };
    match catch_panic(run).instrument(span).await {
        Ok(Acknowledge::Requeue) => {
            tokio::time::sleep(REQUEUE_PAUSE).await;
            drop(held);
        }
        Ok(Acknowledge::Done) | Err(_) => held.acknowledge(),
    }
}
