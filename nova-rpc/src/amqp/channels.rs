//! The channels that messages take to the broker.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lapin::Channel;
use lapin::options::ConfirmSelectOptions;

use super::alive::while_alive;
use super::error::Closed;
use super::link::Link;
use super::topology::{Exchange, Queue};

/// What must be there before a message is sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Once for each connection.
    Exchange(Exchange),
    /// Once for each connection.
    Queue(Queue),
    /// Each time: it goes with its last listener.
    FleetingExchange(Exchange),
}

/// Channels with confirms on, each for one message at a time.
///
/// With more than one unconfirmed message on a channel, lapin gives a message that comes back to
/// the wrong sender.
#[derive(Debug)]
pub(super) struct Channels {
    link: Link,
    idle: Mutex<Idle>,
}

/// Of one connection.
#[derive(Debug, Default)]
struct Idle {
    generation: u64,
    channels: Vec<Channel>,
    declared: BTreeSet<Need>,
}

/// A channel for one message.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) channel: Channel,
    generation: u64,
}

/// Why there is no channel.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoChannel {
    #[error(transparent)]
    Closed(#[from] Closed),
    #[error(transparent)]
    Broker(#[from] lapin::Error),
}

impl Channels {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            idle: Mutex::default(),
        }
    }

    /// Waits for the connection, and takes a channel on which `need` was declared.
    pub(super) async fn take(&self, need: Option<&Need>) -> Result<Taken, NoChannel> {
        let live = self.link.live().await?;
        let idle = self.idle_of(live.generation).channels.pop();
        let preparing = async {
            let channel = match idle.filter(|channel| channel.status().connected()) {
                Some(channel) => channel,
                None => {
                    let channel = live.connection.create_channel().await?;
                    let options = ConfirmSelectOptions::default();
                    channel.confirm_select(options).await?;
                    channel
                }
            };
            if let Some(need) = need {
                self.declare(need, &channel, live.generation).await?;
            }
            Ok(channel)
        };
        let channel = while_alive(&*live.connection, preparing).await?;
        Ok(Taken {
            channel,
            generation: live.generation,
        })
    }

    /// Gives back a channel on which nothing is outstanding.
    pub(super) fn give_back(&self, taken: Taken) {
        let mut idle = self.idle();
        if idle.generation == taken.generation && taken.channel.status().connected() {
            idle.channels.push(taken.channel);
        }
    }

    /// Forgets what was declared: some of it is gone.
    pub(super) fn forget_declared(&self) {
        self.idle().declared.clear();
    }

    async fn declare(&self, need: &Need, channel: &Channel, generation: u64) -> lapin::Result<()> {
        if self.idle_of(generation).declared.contains(need) {
            return Ok(());
        }
        match need {
            Need::Exchange(exchange) | Need::FleetingExchange(exchange) => {
                exchange.declare(channel).await?;
            }
            Need::Queue(queue) => queue.declare(channel).await?,
        }
        if !matches!(need, Need::FleetingExchange(_)) {
            self.idle_of(generation).declared.insert(need.clone());
        }
        Ok(())
    }

    /// The channels of this connection; those of the one before are gone with it.
    fn idle_of(&self, generation: u64) -> MutexGuard<'_, Idle> {
        let mut idle = self.idle();
        if idle.generation < generation {
            *idle = Idle {
                generation,
                ..Idle::default()
            };
        }
        idle
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
