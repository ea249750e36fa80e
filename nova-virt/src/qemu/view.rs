//! A guest as it is seen from outside.

use nova_core::state::PowerState;
use tokio::sync::watch;

use crate::event::{EventKind, EventSender};
use crate::guest::{Guest, GuestId};

/// A guest's power state, and where its changes are told. Reading it waits for nothing, whatever
/// is being done to the guest.
#[derive(Debug)]
pub(super) struct View {
    id: GuestId,
    name: String,
    power: watch::Sender<PowerState>,
    events: EventSender,
}

impl View {
    /// A guest in this state; nobody is told.
    pub(super) fn new(id: GuestId, name: String, power: PowerState, events: EventSender) -> Self {
        Self {
            id,
            name,
            power: watch::Sender::new(power),
            events,
        }
    }

    /// The guest.
    pub(super) fn guest(&self) -> Guest {
        Guest {
            id: self.id,
            name: self.name.clone(),
            power_state: self.power(),
        }
    }

    /// Its power state.
    pub(super) fn power(&self) -> PowerState {
        *self.power.borrow()
    }

    /// Something happened to it: its state is what it is after that, and whoever listens is told.
    pub(super) fn happened(&self, kind: EventKind) {
        if let Some(power) = kind.power_state() {
            self.power.send_replace(power);
        }
        self.events.send(self.id, kind);
    }

    /// It was found running or paused. Told if that is news.
    pub(super) fn found(&self, now: PowerState) {
        match (self.power(), now) {
            (PowerState::Running, PowerState::Paused) => self.happened(EventKind::Paused),
            (PowerState::Paused, PowerState::Running) => self.happened(EventKind::Resumed),
            (before, now) if before != now => drop(self.power.send_replace(now)),
            _ => {}
        }
    }

    /// Waits until it is no longer in this state, and says in which it is.
    pub(super) async fn leaves(&self, state: PowerState) -> PowerState {
        let mut power = self.power.subscribe();
        // The sender lives as long as `self`, so this does not fail.
        power
            .wait_for(|now| *now != state)
            .await
            .map_or(state, |now| *now)
    }
}
