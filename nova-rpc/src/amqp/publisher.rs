//! Messages on their way to the broker.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::BasicPublishOptions;
use lapin::types::FieldTable;
use lapin::{BasicProperties, Confirmation};
use nova_core::BoxError;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::alive::while_alive;
use super::channels::{Channels, Need, NoChannel, Taken};
use super::codec::Unreadable;
use super::config::AmqpConfig;
use super::error::{Closed, is_not_found, is_transient};
use super::link::Link;
use super::ticket::{Stub, Ticket};
use super::topology::{Exchange, Queue};
use crate::notification::Priority;

/// The rest before another attempt at a channel.
const RETRY: Duration = Duration::from_millis(50);

/// A message for the broker.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) to: Destination,
    /// Shared with whoever may have to send it again.
    pub(super) body: Arc<Vec<u8>>,
    pub(super) expiration: Option<Duration>,
}

/// Where a message goes.
#[derive(Debug)]
pub(super) enum Destination {
    /// To servers, by this routing key.
    Servers(String),
    /// To each server of this topic.
    Fanout(Arc<str>),
    /// To the queue of this name.
    Reply(Arc<str>),
    /// To the subscribers of this topic.
    Notification(Arc<str>, Priority),
}

/// What the broker said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Published {
    /// It has the message.
    Accepted,
    /// No queue is bound there.
    Unroutable,
}

/// The broker said nothing good.
#[derive(Debug)]
pub(super) enum Unpublished {
    /// It has not got the message, and will not.
    NotSent { transient: bool, source: BoxError },
    /// It may have got the message, or may yet get it unless the connection is lost.
    Unknown { is_lost: bool, source: BoxError },
}

/// Sends messages, each with the broker's confirmation, some at once.
#[derive(Debug)]
pub(super) struct Publisher {
    channels: Channels,
    slots: Arc<Semaphore>,
    config: Arc<AmqpConfig>,
    runtime: Handle,
}

impl Publisher {
    pub(super) fn new(link: Link, config: Arc<AmqpConfig>, runtime: Handle) -> Self {
        Self {
            channels: Channels::new(link),
            slots: Arc::new(Semaphore::new(config.publish_channels.into())),
            config,
            runtime,
        }
    }

    /// Sends a message and waits for the broker's word, no longer than `limit`. Dropping the
    /// future withdraws a message that has not begun.
    ///
    /// Once begun, publishing and confirmation are a task that nobody can drop: lapin keeps each
    /// confirmation that nobody waited for.
    pub(super) async fn publish(
        self: &Arc<Self>,
        message: Outgoing,
        limit: Duration,
    ) -> Result<Published, Unpublished> {
        let (length, most) = (message.body.len(), self.config.max_message_bytes);
        if length > most {
            let limit = most;
            return Err(never(Unreadable::TooLarge { length, limit }));
        }
        let limit = limit.min(self.config.publish_timeout);
        let ticket = Ticket::default();
        let (done, outcome) = oneshot::channel();
        let stub = ticket.stub();
        self.runtime
            .spawn(Arc::clone(self).carry(message, stub, done));
        match tokio::time::timeout(limit, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) if ticket.withdraw() => Err(never(Closed)),
            Ok(Err(lost)) => Err(unknown(true, lost)),
            Err(late) if ticket.withdraw() => Err(Unpublished::NotSent {
                transient: true,
                source: late.into(),
            }),
            Err(late) => Err(unknown(false, late)),
        }
    }

    async fn carry(
        self: Arc<Self>,
        message: Outgoing,
        stub: Stub,
        mut done: oneshot::Sender<Result<Published, Unpublished>>,
    ) {
        let prepared = tokio::select! {
            biased;
            () = done.closed() => return,
            prepared = self.prepare(&message.to) => prepared,
        };
        let outcome = match prepared {
            Ok((slot, taken)) => {
                if !stub.begin() {
                    self.channels.give_back(taken);
                    return;
                }
                let outcome = self.send(message, taken).await;
                drop(slot);
                outcome
            }
            Err(error) => Err(error),
        };
        // Whoever went away does not miss it.
        let _ = done.send(outcome);
    }

    /// Waits for everything that the message needs.
    async fn prepare(
        &self,
        to: &Destination,
    ) -> Result<(OwnedSemaphorePermit, Taken), Unpublished> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(never)?;
        let need = self.need(to);
        loop {
            match self.channels.take(need.as_ref()).await {
                Ok(taken) => return Ok((slot, taken)),
                Err(NoChannel::Closed(closed)) => return Err(never(closed)),
                Err(NoChannel::Broker(error)) if !is_transient(&error) => return Err(never(error)),
                Err(NoChannel::Broker(error)) => tracing::debug!(%error, "no channel yet"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    fn need(&self, to: &Destination) -> Option<Need> {
        let control = &self.config.control_exchange;
        match to {
            Destination::Servers(_) => Some(Need::Exchange(Exchange::Control(control.clone()))),
            Destination::Fanout(topic) => Some(Need::FleetingExchange(Exchange::fanout(topic))),
            Destination::Reply(_) => None,
            Destination::Notification(topic, priority) => Some(Need::Queue(
                Queue::of_notifications(topic, *priority, control),
            )),
        }
    }

    async fn send(&self, message: Outgoing, taken: Taken) -> Result<Published, Unpublished> {
        let control = &self.config.control_exchange;
        let (exchange, key, mandatory) = match &message.to {
            Destination::Servers(key) => (control.clone(), key.clone(), true),
            Destination::Fanout(topic) => {
                let exchange = Exchange::fanout(topic);
                (exchange.name().to_owned(), String::new(), false)
            }
            Destination::Reply(queue) => (String::new(), queue.to_string(), true),
            Destination::Notification(topic, priority) => {
                (control.clone(), format!("{topic}.{priority}"), false)
            }
        };
        let options = BasicPublishOptions {
            mandatory,
            ..BasicPublishOptions::default()
        };
        let (exchange, key) = (exchange.as_str().into(), key.as_str().into());
        let properties = properties(message.expiration);
        let publish = async {
            let channel = &taken.channel;
            let body = &message.body;
            channel
                .basic_publish(exchange, key, options, body, properties)
                .await?
                .await
        };
        let confirmed = while_alive(&taken.channel, publish).await;
        match confirmed {
            Ok(confirmation) => {
                self.channels.give_back(taken);
                match confirmation {
                    Confirmation::Ack(None) => Ok(Published::Accepted),
                    Confirmation::Ack(Some(_)) => Ok(Published::Unroutable),
                    Confirmation::Nack(_) => Err(Unpublished::NotSent {
                        transient: true,
                        source: "the broker refused the message".into(),
                    }),
                    Confirmation::NotRequested => Err(unknown(true, "the broker confirms nothing")),
                }
            }
            // The exchange went away. Where it is a fan-out's, so did its listeners.
            Err(error) if is_not_found(&error) => match message.to {
                Destination::Fanout(_) => Ok(Published::Accepted),
                _ => {
                    self.channels.forget_declared();
                    Err(Unpublished::NotSent {
                        transient: true,
                        source: error.into(),
                    })
                }
            },
            Err(error) => Err(unknown(true, error)),
        }
    }
}

/// As `oslo.messaging` sends everything.
fn properties(expiration: Option<Duration>) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_headers(FieldTable::default())
        .with_delivery_mode(2)
        .with_priority(0);
    match expiration {
        None => properties,
        Some(time) => {
            // The broker takes no more than 32 bits, and zero means at once.
            let millis = time.as_millis().clamp(1, u32::MAX.into()).to_string();
            properties.with_expiration(millis.as_str().into())
        }
    }
}

fn never(source: impl Into<BoxError>) -> Unpublished {
    Unpublished::NotSent {
        transient: false,
        source: source.into(),
    }
}

fn unknown(is_lost: bool, source: impl Into<BoxError>) -> Unpublished {
    Unpublished::Unknown {
        is_lost,
        source: source.into(),
    }
}
