//! What a test does to a mock behind the back of the code under test.

use nova_core::state::PowerState;

use super::power::enter;
use super::{Fault, GuestBehaviour, Journal, MockHypervisor, Operation};
use crate::event::EventKind;
use crate::guest::GuestId;

impl MockHypervisor {
    /// Adds a fault to the script.
    pub fn inject(&self, fault: Fault) {
        self.shared.state().faults.add(fault);
    }

    /// The next such call fails, and another try may succeed.
    pub fn fail_next(&self, operation: Operation) {
        self.inject(Fault::on(operation));
    }

    /// The n-th such call from now on fails; the next one is the first. No call is the zeroth.
    pub fn fail_nth(&self, operation: Operation, n: u64) {
        if let Some(passes) = n.checked_sub(1) {
            self.inject(Fault::on(operation).after(passes));
        }
    }

    /// The next such call hangs until [`release`](Self::release).
    pub fn hang_next(&self, operation: Operation) {
        self.inject(Fault::on(operation).hangs());
    }

    /// Lets every call that hangs now go on.
    pub fn release(&self) {
        self.shared.releases.send_modify(|count| *count += 1);
    }

    /// Forgets the faults that did not strike yet.
    pub fn clear_faults(&self) {
        self.shared.state().faults.clear();
    }

    /// How a guest, there or to come, behaves.
    pub fn set_behaviour(&self, guest: GuestId, behaviour: GuestBehaviour) {
        self.shared.state().behaviours.insert(guest, behaviour);
    }

    /// The guest powers itself off. Tells whether it ran.
    pub fn guest_stops_itself(&self, guest: GuestId) -> bool {
        self.happens(guest, EventKind::StoppedByGuest)
    }

    /// The guest, or the process that runs it, fails. Tells whether it ran.
    pub fn guest_crashes(&self, guest: GuestId) -> bool {
        self.happens(guest, EventKind::Crashed)
    }

    /// The guest writes something to its console. Tells whether it ran.
    pub fn guest_writes(&self, guest: GuestId, text: &[u8]) -> bool {
        let mut state = self.shared.state();
        match state.guests.get_mut(&guest) {
            Some(guest) if guest.power_state == PowerState::Running => {
                guest.write(text);
                true
            }
            _ => false,
        }
    }

    /// The host loses its power: all calls on their way fail, as do all others until it
    /// [returns](Self::host_returns). Guests that ran are found crashed; no event tells of it.
    pub fn host_dies(&self) {
        let mut state = self.shared.state();
        if !state.up {
            return;
        }
        state.up = false;
        state.epoch += 1;
        for guest in state.guests.values_mut() {
            if matches!(guest.power_state, PowerState::Running | PowerState::Paused) {
                guest.power_state = PowerState::Crashed;
            }
        }
        self.shared.epoch.send_replace(state.epoch);
    }

    /// The host is up again.
    pub fn host_returns(&self) {
        let mut state = self.shared.state();
        if state.up {
            return;
        }
        state.up = true;
        state.epoch += 1;
        self.shared.epoch.send_replace(state.epoch);
    }

    /// The calls so far.
    pub fn journal(&self) -> Journal {
        self.shared.state().recorder.journal()
    }

    /// Forgets the calls so far.
    pub fn clear_journal(&self) {
        self.shared.state().recorder.clear();
    }

    fn happens(&self, guest: GuestId, event: EventKind) -> bool {
        let mut state = self.shared.state();
        match state.guests.get_mut(&guest) {
            Some(guest) if guest.power_state == PowerState::Running => {
                enter(&self.shared, guest, event);
                true
            }
            _ => false,
        }
    }
}
