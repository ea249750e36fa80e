//! Queues that are consumed, again after every loss.

use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt as _;
use futures::stream::{self, BoxStream, SelectAll, StreamExt as _};
use lapin::message::Delivery;
use lapin::options::{
    BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, ErrorKind};
use tokio::sync::watch;

use super::alive::{Alive as _, while_alive};
use super::config::AmqpConfig;
use super::error::{Closed, broker_failed, failed, is_not_found};
use super::link::{Link, Live};
use super::topology::Queue;
use crate::error::Result;

/// The rest after the first attempt that failed. It doubles up to the configuration's.
const FIRST_DELAY: Duration = Duration::from_millis(50);
/// How often to look whether a channel that is silent still lives.
const LOOK: Duration = Duration::from_secs(1);
/// How long the broker may take over the end of a consumer.
pub(super) const GOODBYE: Duration = Duration::from_secs(2);

/// The messages of some queues on one channel.
#[derive(Debug)]
pub(super) struct Feed {
    link: Link,
    config: Arc<AmqpConfig>,
    plan: Plan,
    open: Option<Open>,
    /// How often it was opened, while it is open.
    epoch: watch::Sender<Option<u64>>,
    epochs: u64,
}

/// What is consumed.
#[derive(Debug)]
struct Plan {
    queues: Vec<Queue>,
    /// From each queue.
    prefetch: u16,
}

struct Open {
    channel: Channel,
    events: SelectAll<BoxStream<'static, Event>>,
    tags: Vec<ShortString>,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open")
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}

enum Event {
    Delivery(Box<Delivery>),
    /// One of the consumers is no more.
    Ended(Option<lapin::Error>),
}

/// What a feed gives.
#[derive(Debug)]
pub(super) enum Fed {
    /// A message, to be acknowledged.
    Delivery(Box<Delivery>),
    /// A queue was gone, with what was in it, and was declared again.
    QueueLost,
}

impl Feed {
    /// Declares the queues and begins to consume them.
    pub(super) async fn open(
        link: &Link,
        config: &Arc<AmqpConfig>,
        queues: Vec<Queue>,
        prefetch: u16,
        operation: &'static str,
    ) -> Result<Self> {
        let mut feed = Self {
            link: link.clone(),
            config: Arc::clone(config),
            plan: Plan { queues, prefetch },
            open: None,
            epoch: watch::Sender::new(None),
            epochs: 0,
        };
        let opening = async {
            let live = link
                .live()
                .await
                .map_err(|closed| failed(operation, false, closed))?;
            let consuming = feed.plan.consume(&live);
            let open = while_alive(&*live.connection, consuming).await;
            open.map_err(|error| broker_failed(operation, error))
        };
        let opened = tokio::time::timeout(config.connect_timeout, opening).await;
        feed.opened(opened.map_err(|late| failed(operation, true, late))??);
        Ok(feed)
    }

    /// The number of its present opening, and none while it is closed by a loss.
    pub(super) fn epoch(&self) -> watch::Receiver<Option<u64>> {
        self.epoch.subscribe()
    }

    fn opened(&mut self, open: Open) {
        self.open = Some(open);
        self.epochs += 1;
        self.epoch.send_replace(Some(self.epochs));
    }

    fn lost(&mut self) {
        self.open = None;
        self.epoch.send_replace(None);
    }

    /// The next message, however often the connection is lost before it comes; `None` when the
    /// transport is closed. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Fed> {
        loop {
            let Some(open) = &mut self.open else {
                match self.reopen().await {
                    Ok(true) => return Some(Fed::QueueLost),
                    Ok(false) => continue,
                    Err(Closed) => return None,
                }
            };
            let next = tokio::select! {
                biased;
                next = open.events.next() => next,
                () = tokio::time::sleep(LOOK) => match open.channel.is_alive() {
                    true => continue,
                    false => None,
                },
            };
            match next {
                Some(Event::Delivery(delivery)) => return Some(Fed::Delivery(delivery)),
                Some(Event::Ended(error)) => {
                    tracing::debug!(error = ?error.as_ref().map(lapin::Error::kind), "a consumer ended");
                    self.lost();
                }
                None => self.lost(),
            }
        }
    }

    /// A message that is here already.
    pub(super) fn ready(&mut self) -> Option<Box<Delivery>> {
        match self.open.as_mut()?.events.next().now_or_never()?? {
            Event::Delivery(delivery) => Some(delivery),
            Event::Ended(_) => {
                self.lost();
                None
            }
        }
    }

    /// Ends consuming and gives back what nobody has looked at. The channel is left for
    /// acknowledgements; there is none when there is no connection.
    pub(super) async fn finish(mut self) -> Option<Channel> {
        let open = self.open.take()?;
        let channel = open.channel.clone();
        let finishing = async move {
            for tag in open.tags {
                open.channel
                    .basic_cancel(tag, BasicCancelOptions::default())
                    .await?;
            }
            let mut left = open.events;
            let requeue = BasicNackOptions {
                requeue: true,
                ..BasicNackOptions::default()
            };
            while let Some(Some(event)) = left.next().now_or_never() {
                if let Event::Delivery(delivery) = event {
                    delivery.acker.nack(requeue).await?;
                }
            }
            Ok::<_, lapin::Error>(())
        };
        match tokio::time::timeout(GOODBYE, finishing).await {
            Ok(Ok(())) => Some(channel),
            // Dropping the last handle of the channel closes it, and gives everything back.
            Ok(Err(_)) | Err(_) => None,
        }
    }

    /// Consumes again. True if a queue had been lost.
    async fn reopen(&mut self) -> Result<bool, Closed> {
        let mut delay = FIRST_DELAY;
        loop {
            let live = self.link.live().await?;
            let opened = async {
                let lost = self.plan.is_lost(&live).await?;
                Ok::<_, lapin::Error>((lost, self.plan.consume(&live).await?))
            };
            match while_alive(&*live.connection, opened).await {
                Ok((lost, open)) => {
                    self.opened(open);
                    return Ok(lost);
                }
                Err(error) => {
                    let queue = self.plan.queues.first().map(|queue| queue.name.as_str());
                    tracing::warn!(queue, %error, "cannot consume yet");
                }
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(self.config.max_reconnect_delay);
        }
    }
}

impl Plan {
    /// Whether a queue is not there.
    async fn is_lost(&self, live: &Live) -> lapin::Result<bool> {
        // The answer that there is none costs the channel.
        let channel = live.connection.create_channel().await?;
        for queue in &self.queues {
            let options = QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::default()
            };
            let name = queue.short_name();
            match channel
                .queue_declare(name, options, FieldTable::default())
                .await
            {
                Ok(_) => {}
                Err(error) if is_not_found(&error) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    async fn consume(&self, live: &Live) -> lapin::Result<Open> {
        let channel = live.connection.create_channel().await?;
        // Before the consumers: what lapin buffers has no other bound.
        channel
            .basic_qos(self.prefetch, BasicQosOptions::default())
            .await?;
        let mut events = SelectAll::new();
        let mut tags = Vec::new();
        for queue in &self.queues {
            queue.declare(&channel).await?;
        }
        for queue in &self.queues {
            let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
            let name = queue.short_name();
            let consumer = channel
                .basic_consume(name, "".into(), options, arguments)
                .await?;
            tags.push(consumer.tag());
            let deliveries = consumer.map(|delivery| match delivery {
                Ok(delivery) => Event::Delivery(Box::new(delivery)),
                Err(error) => Event::Ended(Some(error)),
            });
            let end = stream::once(async { Event::Ended(None) });
            events.push(deliveries.chain(end).boxed());
        }
        if !channel.status().connected() {
            return Err(ErrorKind::InvalidChannel(channel.id()).into());
        }
        Ok(Open {
            channel,
            events,
            tags,
        })
    }
}
