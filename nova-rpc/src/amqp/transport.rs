//! The transport itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nova_core::{BoxError, Env, Timestamp};
use tokio::time::{Instant, timeout_at};

use super::answer::is_stopped;
use super::codec::{write_notification, write_request};
use super::config::AmqpConfig;
use super::error::{NAME, failed};
use super::outline::Outline;
use super::publisher::{Destination, Outgoing, Published, Unpublished};
use super::replies::Answer;
use super::server::Server;
use super::shared::Shared;
use super::stats::AmqpStats;
use super::subscriber::Subscriber;
use super::topology::{check_name, routing_key};
use crate::capabilities::Capabilities;
use crate::error::{Error, Result};
use crate::handler::Handler;
use crate::notification::{Notification, NotificationHandler, Subscription};
use crate::payload::Payload;
use crate::request::Request;
use crate::serve::{ServeOptions, ServerHandle};
use crate::target::{Endpoint, Target};
use crate::transport::Transport;

/// The transport across a RabbitMQ broker, in the wire format of `oslo.messaging`. Clones share
/// everything.
///
/// Python services on the same broker can be called, and can call. Two connections, one to send
/// and one to receive, are made again whenever they are lost, for as long as the transport is not
/// closed; servers, subscribers and calls that wait go on with the next connection.
///
/// * A call or a cast to nobody is [`Error::Unreachable`] at once. A topic's queue outlives its
///   servers, though: after the last has stopped, requests wait in it until their deadline.
/// * The deadline and the idempotency key travel as `_nova_deadline` (microseconds since the
///   epoch) and `_nova_idempotency_key`, which Python ignores. A request without them has the
///   message's expiration as its deadline, else the configured one, and its `_unique_id` as its
///   key.
/// * A connection that is lost between a message and its confirmation leaves it unknown whether
///   the broker has it: that is [`Error::NoReply`], and nothing is sent again. A confirmed call
///   goes on waiting, and its answer finds it on the next connection.
/// * What a stopping server has taken ahead and not begun goes back to the broker, for another
///   server of the topic. A caller whose work was dropped by a hard stop gets
///   [`Error::NoReply`].
/// * Who may use the broker is trusted: it says on whose behalf it asks.
///
/// Time must be real: brokers do not wait for a paused clock.
///
/// lapin logs messages that the broker returns, with their contents, at the level `WARN`: a log
/// that must not have them filters its target to `lapin=error`.
///
/// [`connect`](Self::connect) and everything else needs a tokio runtime with time and I/O
/// enabled. Close the transport before the runtime ends: lapin's threads may panic otherwise.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use nova_core::Env;
/// use nova_rpc::amqp::{AmqpConfig, AmqpTransport};
/// use nova_rpc::{Client, Target, Transport};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let env = Env::system();
/// let config = AmqpConfig::new("amqp://nova:secret@broker/%2f".parse()?);
/// let amqp = AmqpTransport::connect(env.clone(), config).await?;
/// let transport: Arc<dyn Transport> = Arc::new(amqp.clone());
/// let conductor = Client::new(transport, env, Target::topic("conductor"));
/// # let _ = conductor;
/// // … and at the end:
/// amqp.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AmqpTransport {
    shared: Arc<Shared>,
}

impl AmqpTransport {
    /// Connects to the broker. Deadlines are by the clock of `env`.
    ///
    /// # Errors
    /// [`Error::Transport`]: transient if the broker could not be reached within
    /// [`AmqpConfig::connect_timeout`], and not if it refused us or the configuration cannot be
    /// used.
    pub async fn connect(env: Env, config: AmqpConfig) -> Result<Self> {
        let shared = Shared::connect(env, config).await?;
        Ok(Self { shared })
    }

    /// Closes the connections of this transport and its clones, and waits until they are closed.
    ///
    /// Stop servers and subscribers first: they end here, without a drain. Calls and casts fail
    /// from now on.
    pub async fn close(&self) {
        self.shared.close().await;
    }

    /// What happened so far.
    pub fn stats(&self) -> AmqpStats {
        self.shared.counters.snapshot()
    }

    /// Sends a request and answers what the broker said; any deadline is an error by now.
    async fn send(
        &self,
        outline: &Outline<'_>,
        to: Destination,
        body: Result<Vec<u8>, BoxError>,
        expiration: Option<Duration>,
    ) -> Result<Sent> {
        let body = body.map_err(|source| outline.not_sent(false, source))?;
        let message = Outgoing {
            to,
            body: Arc::new(body),
            expiration,
        };
        let limit = outline.give_up.saturating_duration_since(Instant::now());
        match self.shared.publisher.publish(message, limit).await {
            Ok(Published::Accepted) => Ok(Sent::Accepted),
            Ok(Published::Unroutable) => Err(Error::Unreachable {
                target: outline.target.clone(),
                method: outline.method.clone(),
            }),
            Err(Unpublished::NotSent { transient, source }) => Err(match outline.is_over() {
                true => outline.timed_out(false),
                false => outline.not_sent(transient, source),
            }),
            Err(Unpublished::Unknown { is_lost, source }) => {
                let (target, method) = (outline.target, &outline.method);
                tracing::warn!(%target, %method, error = %source, "it is unknown whether a message was sent");
                match is_lost {
                    true => Err(outline.unknown()),
                    false => Ok(Sent::Unknown),
                }
            }
        }
    }
}

/// What the broker said.
enum Sent {
    Accepted,
    /// Nothing yet.
    Unknown,
}

#[async_trait]
impl Transport for AmqpTransport {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            durable: true,
            mandatory: true,
            // Our servers keep it; Python's know no deadline once they have taken a request.
            expiry: false,
            requeue: true,
            // To another server, but not back to the caller where there is none.
            handover: false,
            typed: false,
        }
    }

    async fn call(&self, target: &Target, request: Request) -> Result<Payload> {
        if target.is_fanout() {
            let reason = "a call has one answer, and a fan-out any number";
            return Err(Error::InvalidTarget {
                target: target.clone(),
                reason,
            });
        }
        let Shared {
            env,
            config,
            runtime,
            consume,
            replies,
            ..
        } = &*self.shared;
        let outline = Outline::new(env, target, request.method.clone(), request.deadline)?;
        let latest = outline.give_up.min(Instant::now() + config.publish_timeout);
        let epoch = match timeout_at(latest, replies.consume(consume, config, runtime)).await {
            Ok(Ok(epoch)) => epoch,
            Ok(Err(error)) => return Err(outline.not_sent(error.retryable(), error.into())),
            Err(_) if outline.is_over() => return Err(outline.timed_out(false)),
            Err(late) => return Err(outline.not_sent(true, late.into())),
        };
        let mut waiting = replies.wait(env, epoch);
        let unique_id = env.uuid().simple().to_string();
        let msg_id = waiting.id.simple().to_string();
        let body = write_request(&request, &unique_id, Some((&msg_id, &replies.queue.name)));
        let to = Destination::Servers(routing_key(target));
        let expiration = Some(request.remaining(env));
        let answer = tokio::select! {
            biased;
            // The answer may be here before the broker's word.
            answer = &mut waiting.answer => answer,
            sent = self.send(&outline, to, body, expiration) => {
                // A broker that is slow to confirm may have passed it on all the same.
                let (Sent::Accepted | Sent::Unknown) = sent?;
                match timeout_at(outline.give_up, &mut waiting.answer).await {
                    Ok(answer) => answer,
                    Err(_) => return Err(outline.timed_out(true)),
                }
            }
        };
        match answer {
            Ok(Answer::Done(Ok(value))) => Ok(Payload::from_json(value)),
            Ok(Answer::Done(Err(failure))) if !is_stopped(&failure) => Err(Error::Remote(failure)),
            Ok(Answer::Done(Err(_)) | Answer::Lost) | Err(_) => Err(outline.no_reply()),
        }
    }

    async fn cast(&self, target: &Target, request: Request) -> Result<()> {
        let env = &self.shared.env;
        let outline = Outline::new(env, target, request.method.clone(), request.deadline)?;
        let unique_id = env.uuid().simple().to_string();
        let body = write_request(&request, &unique_id, None);
        let to = match target.is_fanout() {
            true => Destination::Fanout(Arc::clone(&target.topic)),
            false => Destination::Servers(routing_key(target)),
        };
        match self.send(&outline, to, body, None).await? {
            Sent::Accepted => Ok(()),
            Sent::Unknown => Err(outline.unknown()),
        }
    }

    async fn serve(
        &self,
        listen: &Endpoint,
        options: ServeOptions,
        handler: Arc<dyn Handler>,
    ) -> Result<ServerHandle> {
        for name in [&listen.topic, &listen.server] {
            check_name(name).map_err(|reason| failed("serve", false, reason))?;
        }
        let serving = Server::begin(&self.shared, listen, &options, handler).await?;
        Ok(ServerHandle::new(serving))
    }

    async fn notify(
        &self,
        topic: &str,
        notification: Notification,
        deadline: Timestamp,
    ) -> Result<()> {
        let env = &self.shared.env;
        let target = Target::topic(topic);
        let event = notification.event_type.to_string();
        let outline = Outline::new(env, &target, event.into(), deadline)?;
        let unique_id = env.uuid().simple().to_string();
        let body = write_notification(&notification, &unique_id);
        let to = Destination::Notification(Arc::clone(&target.topic), notification.priority);
        match self.send(&outline, to, body, None).await? {
            Sent::Accepted => Ok(()),
            Sent::Unknown => Err(outline.unknown()),
        }
    }

    async fn subscribe(
        &self,
        subscription: &Subscription,
        options: ServeOptions,
        handler: Arc<dyn NotificationHandler>,
    ) -> Result<ServerHandle> {
        for name in std::iter::once(&subscription.topic).chain(&subscription.group) {
            check_name(name).map_err(|reason| failed("subscribe", false, reason))?;
        }
        let serving = Subscriber::begin(&self.shared, subscription, &options, handler).await?;
        Ok(ServerHandle::new(serving))
    }
}

impl fmt::Debug for AmqpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AmqpTransport").field(&self.shared).finish()
    }
}
