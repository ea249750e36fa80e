//! One server and its handlers in flight.

use std::sync::Arc;

use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, QueueDeleteOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::alive::acknowledge;
use super::answer::{heartbeats, reply, stopped, written};
use super::codec::{Arrival, Received, RefusedRequest, ReplyTo, Unreadable, read_request};
use super::feed::{Fed, Feed, GOODBYE};
use super::incoming::{expiration, read_message, throw_away};
use super::recent::Recent;
use super::serving::{AmqpServing, Ending};
use super::shared::Shared;
use super::topology::Queue;
use crate::dispatch::dispatch;
use crate::error::Result;
use crate::handler::Handler;
use crate::payload::Payload;
use crate::remote_error::RemoteError;
use crate::request::Request;
use crate::serve::ServeOptions;
use crate::target::Endpoint;

/// A server.
///
/// A request is acknowledged when there is a handler for it, and before that begins: at most
/// once. What was taken ahead goes back to the broker when the server stops.
pub(super) struct Server {
    shared: Arc<Shared>,
    endpoint: Endpoint,
    handler: Arc<dyn Handler>,
    places: Arc<Semaphore>,
    recent: Recent,
    ending: Ending,
}

impl Server {
    /// Begins to serve.
    pub(super) async fn begin(
        shared: &Arc<Shared>,
        endpoint: &Endpoint,
        options: &ServeOptions,
        handler: Arc<dyn Handler>,
    ) -> Result<AmqpServing> {
        let config = &shared.config;
        let id = shared.env.uuid().simple().to_string();
        let (control, expiry) = (&config.control_exchange, config.queue_expiry);
        let queues = Queue::of_server(endpoint, control, &id, expiry);
        let fanout = queues[2].clone();
        let prefetch = config.prefetch(options.max_in_flight);
        let queues = queues.to_vec();
        let feed = Feed::open(&shared.consume, config, queues, prefetch, "serve").await?;
        let in_flight = options.max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        let ending = Ending::default();
        let server = Arc::new(Self {
            shared: Arc::clone(shared),
            endpoint: endpoint.clone(),
            handler,
            places: Arc::new(Semaphore::new(in_flight)),
            recent: Recent::new(usize::from(prefetch) * 4),
            ending: ending.clone(),
        });
        Ok(AmqpServing {
            receiver: tokio::spawn(server.receive(feed, fanout)),
            ending,
            drain: options.drain,
        })
    }

    async fn receive(self: Arc<Self>, mut feed: Feed, fanout: Queue) {
        let stop = &self.ending.stop;
        loop {
            let fed = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                fed = feed.next() => fed,
            };
            let delivery = match fed {
                Some(Fed::Delivery(delivery)) => delivery,
                Some(Fed::QueueLost) => continue,
                None => return,
            };
            let place = tokio::select! {
                biased;
                // Closing the channel gives the delivery back.
                () = stop.cancelled() => break,
                place = Arc::clone(&self.places).acquire_owned() => place,
            };
            let Ok(place) = place else {
                break;
            };
            let work = Arc::clone(&self).work(delivery, place);
            self.ending.tasks.spawn(work);
        }
        let Some(channel) = feed.finish().await else {
            return;
        };
        let name = fanout.short_name();
        let goodbye = async {
            let options = QueueDeleteOptions::default();
            channel.queue_delete(name, options).await?;
            channel.close(200, "OK".into()).await
        };
        if !matches!(tokio::time::timeout(GOODBYE, goodbye).await, Ok(Ok(()))) {
            tracing::debug!(endpoint = %self.endpoint, "the fan-out queue is left to its expiry");
        }
    }

    /// One delivery, from its acknowledgement to its answer.
    async fn work(self: Arc<Self>, delivery: Box<Delivery>, place: OwnedSemaphorePermit) {
        let arrival = Arrival {
            expiration: expiration(&delivery),
            default_limit: self.shared.config.default_deadline,
        };
        let limit = self.shared.config.max_message_bytes;
        let read = read_message(&delivery, limit)
            .map_err(|why| RefusedRequest {
                why,
                reply_to: None,
            })
            .and_then(|message| read_request(&self.shared.env, message, arrival));
        let received = match read {
            Ok(received) => received,
            Err(refused) => return self.refuse(&delivery, refused, place).await,
        };
        if !self.accept(&delivery, received.unique_id.as_ref()).await {
            return;
        }
        // What it holds of the message is no more needed.
        drop(delivery);
        let Received {
            request, reply_to, ..
        } = received;
        if request.has_expired(&self.shared.env) {
            self.shared.counters.expired.count();
            let (endpoint, method) = (&self.endpoint, &request.method);
            tracing::info!(%endpoint, %method, "a request came too late and is not begun");
            return;
        }
        let (method, deadline) = (request.method.clone(), request.deadline);
        let outcome = self.run(request, reply_to.as_ref()).await;
        match reply_to {
            Some(to) => reply(&self.shared, &to, written(outcome), deadline, Some(place)).await,
            None => {
                if let Err(error) = outcome {
                    tracing::warn!(endpoint = %self.endpoint, %method, %error, "a cast failed");
                }
            }
        }
    }

    /// Acknowledges a request. False if it is not to be run: it was before, or it will come again
    /// because the acknowledgement did not get out.
    async fn accept(&self, delivery: &Delivery, unique_id: Option<&Arc<str>>) -> bool {
        let options = BasicAckOptions::default();
        let Some(id) = unique_id else {
            return acknowledge(delivery, options).await;
        };
        let claim = self.recent.claim(id);
        let acknowledged = acknowledge(delivery, options).await;
        match claim {
            Some(claim) => self.recent.settle(id, claim, acknowledged),
            None => {
                self.shared.counters.duplicates.count();
                tracing::info!(endpoint = %self.endpoint, "a request came twice and is run once");
                false
            }
        }
    }

    /// Throws away what cannot be read, and tells who can be told.
    async fn refuse(
        &self,
        delivery: &Delivery,
        refused: RefusedRequest,
        place: OwnedSemaphorePermit,
    ) {
        throw_away(delivery).await;
        self.shared.counters.rejected.count();
        let why: Unreadable = refused.why;
        tracing::warn!(endpoint = %self.endpoint, error = %why, "a request cannot be read");
        if let Some(to) = refused.reply_to {
            let failure = RemoteError::new("InvalidRequest", why.to_string());
            let limit = self.shared.config.default_deadline;
            let deadline = self.shared.env.now().saturating_add(limit);
            reply(&self.shared, &to, Err(failure), deadline, Some(place)).await;
        }
    }

    /// Runs the handler, with heartbeats if the caller asks for them.
    async fn run(
        &self,
        request: Request,
        reply_to: Option<&ReplyTo>,
    ) -> Result<Payload, RemoteError> {
        let quiet = CancellationToken::new();
        let guard = quiet.clone().drop_guard();
        let beats = reply_to.and_then(|to| {
            let (shared, every) = (Arc::clone(&self.shared), to.heartbeat?);
            Some(tokio::spawn(heartbeats(shared, to.clone(), every, quiet)))
        });
        let outcome = tokio::select! {
            biased;
            () = self.ending.abort.cancelled() => Err(stopped()),
            outcome = dispatch(&*self.handler, &self.endpoint, request) => outcome,
        };
        drop(guard);
        if let Some(beats) = beats {
            let _ = beats.await;
        }
        outcome
    }
}
