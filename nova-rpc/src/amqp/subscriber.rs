//! One member of a group of subscribers.

use std::sync::Arc;
use std::time::Duration;

use lapin::message::Delivery as Message;
use lapin::options::{BasicAckOptions, BasicRejectOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument as _;

use super::alive::{acknowledge, while_alive};
use super::codec::read_notification;
use super::feed::{Fed, Feed};
use super::incoming::{read_message, throw_away};
use super::serving::{AmqpServing, Ending};
use super::shared::Shared;
use super::topology::Queue;
use crate::dispatch::catch_panic;
use crate::error::Result;
use crate::notification::{Acknowledge, Delivery, NotificationHandler, Subscription};
use crate::serve::ServeOptions;

/// How long a notification that was given back rests: a subscriber that cannot do its work now
/// must not spin on it.
const REQUEUE_PAUSE: Duration = Duration::from_millis(100);

/// A subscriber. What it is told is acknowledged after the work.
pub(super) struct Subscriber {
    shared: Arc<Shared>,
    topic: Arc<str>,
    handler: Arc<dyn NotificationHandler>,
    places: Arc<Semaphore>,
    ending: Ending,
}

impl Subscriber {
    /// Begins to receive.
    pub(super) async fn begin(
        shared: &Arc<Shared>,
        subscription: &Subscription,
        options: &ServeOptions,
        handler: Arc<dyn NotificationHandler>,
    ) -> Result<AmqpServing> {
        let config = &shared.config;
        let queues = Queue::of_subscription(subscription, &config.control_exchange);
        let prefetch = config.prefetch(options.max_in_flight);
        let feed = Feed::open(&shared.consume, config, queues, prefetch, "subscribe").await?;
        let in_flight = options.max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        let ending = Ending::default();
        let subscriber = Arc::new(Self {
            shared: Arc::clone(shared),
            topic: Arc::clone(&subscription.topic),
            handler,
            places: Arc::new(Semaphore::new(in_flight)),
            ending: ending.clone(),
        });
        Ok(AmqpServing {
            receiver: tokio::spawn(subscriber.receive(feed)),
            ending,
            drain: options.drain,
        })
    }

    async fn receive(self: Arc<Self>, mut feed: Feed) {
        let Ending { stop, abort, tasks } = &self.ending;
        loop {
            let fed = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                fed = feed.next() => fed,
            };
            let message = match fed {
                Some(Fed::Delivery(message)) => message,
                Some(Fed::QueueLost) => continue,
                None => return,
            };
            let place = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    give_back(&message).await;
                    break;
                }
                place = Arc::clone(&self.places).acquire_owned() => place,
            };
            let Ok(place) = place else {
                break;
            };
            tasks.spawn(Arc::clone(&self).work(message, place));
        }
        if abort.is_cancelled() {
            // With the channel everything that was not acknowledged goes back.
            return;
        }
        let channel = feed.finish().await;
        tasks.close();
        tokio::select! {
            biased;
            () = abort.cancelled() => {}
            () = tasks.wait() => {}
        }
        drop(channel);
    }

    async fn work(self: Arc<Self>, message: Box<Message>, place: OwnedSemaphorePermit) {
        let limit = self.shared.config.max_message_bytes;
        let read = read_message(&message, limit);
        let notification = match read.and_then(|read| read_notification(&self.shared.env, read)) {
            Ok(notification) => notification,
            Err(error) => {
                throw_away(&message).await;
                self.shared.counters.rejected.count();
                tracing::warn!(topic = %self.topic, %error, "a notification cannot be read");
                return;
            }
        };
        let span = tracing::info_span!(
            "notification",
            topic = %self.topic,
            event_type = %notification.event_type,
            request_id = %notification.context.request_id,
        );
        let delivery = Delivery::new(notification, message.redelivered);
        let run = async { self.handler.notified(delivery).await };
        let done = tokio::select! {
            biased;
            () = self.ending.abort.cancelled() => return,
            done = catch_panic(run).instrument(span) => done,
        };
        match done {
            Ok(Acknowledge::Requeue) => {
                tokio::select! {
                    biased;
                    () = self.ending.stop.cancelled() => {}
                    () = tokio::time::sleep(REQUEUE_PAUSE) => {}
                }
                give_back(&message).await;
            }
            Ok(Acknowledge::Done) | Err(_) => {
                // If it does not reach the broker the notification comes again, as it may.
                acknowledge(&message, BasicAckOptions::default()).await;
            }
        }
        drop(place);
    }
}

/// For this subscriber or another of the group.
async fn give_back(message: &Message) {
    let options = BasicRejectOptions { requeue: true };
    let _ = while_alive(message, message.acker.reject(options)).await;
}
