//! What happens to guests, told as it happens.

use nova_core::state::PowerState;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::guest::GuestId;

/// Something that happened to a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The guest.
    pub guest: GuestId,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// It runs: after a spawn or a power-on.
    Started,
    /// It is powered off because it was asked to be, through the driver.
    Stopped,
    /// It powered itself off.
    StoppedByGuest,
    /// It, or the hypervisor's process for it, ended by a failure.
    Crashed,
    /// Its processors were halted.
    Paused,
    /// Its processors go on.
    Resumed,
    /// It was reset without its process ending.
    Reset,
    /// It is gone with all that belonged to it.
    Destroyed,
}

impl EventKind {
    /// The power state that the guest is in after it; `None` once it is gone.
    pub const fn power_state(self) -> Option<PowerState> {
        match self {
            Self::Started | Self::Resumed | Self::Reset => Some(PowerState::Running),
            Self::Stopped | Self::StoppedByGuest => Some(PowerState::Shutdown),
            Self::Crashed => Some(PowerState::Crashed),
            Self::Paused => Some(PowerState::Paused),
            Self::Destroyed => None,
        }
    }
}

/// How many events wait for a slow reader before it misses some.
const BUFFER: usize = 1024;

/// Where a driver tells its events.
#[derive(Debug, Clone)]
pub struct EventSender(broadcast::Sender<Event>);

impl EventSender {
    /// A sender without readers yet.
    pub fn new() -> Self {
        Self(broadcast::Sender::new(BUFFER))
    }

    /// Tells an event to whoever listens now.
    pub fn send(&self, guest: GuestId, kind: EventKind) {
        // Nobody listening is no failure.
        let _ = self.0.send(Event { guest, kind });
    }

    /// A reader of the events from now on.
    pub fn subscribe(&self) -> Events {
        Events(self.0.subscribe())
    }
}

impl Default for EventSender {
    fn default() -> Self {
        Self::new()
    }
}

/// A reader of a driver's events.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

/// A reader fell behind and missed events: list the guests to see where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} events were missed")]
pub struct Missed(pub u64);

impl Events {
    /// The next event, in the order of happening; `None` when the driver is gone.
    ///
    /// Safe to cancel: a dropped call loses no event.
    pub async fn next(&mut self) -> Option<Result<Event, Missed>> {
        match self.0.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(broadcast::error::RecvError::Lagged(count)) => Some(Err(Missed(count))),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_how_much_it_missed() {
        let sender = EventSender::new();
        let mut events = sender.subscribe();
        let guest = GuestId::from_uuid(uuid::Uuid::nil());
        for _ in 0..=BUFFER {
            sender.send(guest, EventKind::Started);
        }
        assert_eq!(events.next().await, Some(Err(Missed(1))));
        assert!(matches!(events.next().await, Some(Ok(_))));
        drop(sender);
        for _ in 1..BUFFER {
            assert!(matches!(events.next().await, Some(Ok(_))));
        }
        assert_eq!(events.next().await, None);
    }
}
