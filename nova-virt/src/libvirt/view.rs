//! A guest as it is seen from outside, and what libvirt's news of it mean.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nova_core::state::PowerState;
use tokio::sync::watch;

use super::change::{Change, Reason, Whose};
use super::record::Record;
use crate::event::{EventKind, EventSender};
use crate::guest::Guest;
use crate::spec::VmSpec;

/// What the driver asked of a guest's end. Within one run of the guest it only ever goes on, to
/// the stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// Nothing: whatever ends it, it is not the driver.
    Nothing,
    /// It was asked to shut down.
    Politely,
    /// The plug is pulled.
    Off,
    /// It is being destroyed, or was never whole; its power state is no news.
    Destroyed,
}

/// A guest. Reading its state waits for nothing, whatever is being done to the guest; only the
/// watcher changes it.
#[derive(Debug)]
pub(super) struct View {
    /// What it was made from.
    pub(super) spec: VmSpec,
    /// What is on disk.
    pub(super) record: Arc<Record>,
    now: watch::Sender<Now>,
    run: Mutex<Run>,
    events: EventSender,
}

/// What those who wait for something to happen look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// The power state.
    pub(super) power: PowerState,
    /// How often it was started since the driver knows it.
    pub(super) starts: u64,
}

impl Now {
    /// Whether it is in memory.
    pub(super) fn is_active(self) -> bool {
        matches!(self.power, PowerState::Running | PowerState::Paused)
    }
}

/// What is known of a run of the guest beside its state.
#[derive(Debug)]
struct Run {
    asked: Asked,
    going_down: Option<Whose>,
    whole: bool,
}

impl View {
    /// A guest in this state; nobody is told. One that is not whole is not to be seen yet.
    pub(super) fn new(
        spec: VmSpec,
        record: Arc<Record>,
        power: PowerState,
        whole: bool,
        events: EventSender,
    ) -> Self {
        let run = Run {
            asked: Asked::Nothing,
            going_down: None,
            whole,
        };
        Self {
            spec,
            record,
            now: watch::Sender::new(Now { power, starts: 0 }),
            run: Mutex::new(run),
            events,
        }
    }

    /// The guest.
    pub(super) fn guest(&self) -> Guest {
        Guest {
            id: self.spec.id,
            name: self.spec.name.clone(),
            power_state: self.now().power,
        }
    }

    /// How it is.
    pub(super) fn now(&self) -> Now {
        *self.now.borrow()
    }

    /// Waits until this is so, and says how it is then. Safe to cancel.
    pub(super) async fn until(&self, so: impl Fn(Now) -> bool) -> Now {
        let mut now = self.now.subscribe();
        // The sender lives as long as `self`, so this does not fail.
        now.wait_for(|now| so(*now))
            .await
            .map_or_else(|_| self.now(), |now| *now)
    }

    /// Whether it may be seen.
    pub(super) fn is_whole(&self) -> bool {
        self.run().whole
    }

    /// From now on it may be seen.
    pub(super) fn set_whole(&self) {
        self.run().whole = true;
    }

    /// Asks for its end.
    pub(super) fn ask(&self, asked: Asked) {
        let mut run = self.run();
        run.asked = asked.max(run.asked);
    }

    /// What was asked for does not come.
    pub(super) fn ask_no_more(&self) {
        self.run().asked = Asked::Nothing;
    }

    /// What a change means; `None` if it is no news.
    pub(super) fn judge(&self, change: Change) -> Option<EventKind> {
        let mut run = self.run();
        let now = self.now();
        match (change, now.power) {
            (Change::Started, _) if !now.is_active() => {
                run.going_down = None;
                if run.asked != Asked::Destroyed {
                    run.asked = Asked::Nothing;
                }
                Some(EventKind::Started)
            }
            (Change::Paused, PowerState::Running) if run.going_down.is_none() => {
                Some(EventKind::Paused)
            }
            (Change::Resumed, PowerState::Paused) => Some(EventKind::Resumed),
            (Change::Reset, PowerState::Running) if run.going_down.is_none() => {
                Some(EventKind::Reset)
            }
            (Change::GoingDown(whose), _) if now.is_active() => {
                // What is said first counts: the end of a guest that went down is ordered too.
                run.going_down.get_or_insert(whose);
                None
            }
            (Change::Stopped(reason), _) if now.is_active() => {
                kind_of_end(run.asked, run.going_down, reason)
            }
            _ => None,
        }
    }

    /// Something happened to it: its state is what it is after that, and whoever listens is told.
    pub(super) fn happened(&self, kind: EventKind) {
        if kind == EventKind::Started {
            // Whoever hears of it may look at it.
            self.set_whole();
        }
        if let Some(power) = kind.power_state() {
            self.now.send_modify(|now| {
                now.power = power;
                now.starts += u64::from(kind == EventKind::Started);
            });
        }
        self.events.send(self.spec.id, kind);
    }

    /// A poisoned lock here holds a whole value: each field is set at once.
    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the end of a guest was; `None` where that is no news.
fn kind_of_end(asked: Asked, whose: Option<Whose>, reason: Reason) -> Option<EventKind> {
    match (asked, reason) {
        (Asked::Destroyed, _) => None,
        (Asked::Off, _) => Some(EventKind::Stopped),
        (_, Reason::Failed | Reason::Unknown) => Some(EventKind::Crashed),
        (Asked::Politely, _) => Some(EventKind::Stopped),
        // Somebody else asked libvirt for it.
        (Asked::Nothing, Reason::Ended) => Some(EventKind::Stopped),
        (Asked::Nothing, Reason::Shutdown) => match whose {
            Some(Whose::Host) => Some(EventKind::Stopped),
            Some(Whose::Guest) | None => Some(EventKind::StoppedByGuest),
        },
    }
}

#[cfg(test)]
mod tests {
    use nova_core::units::Mebibytes;

    use super::*;
    use crate::guest::GuestId;

    fn view(power: PowerState) -> View {
        let spec = VmSpec {
            id: GuestId::from_uuid(uuid::Uuid::nil()),
            name: String::new(),
            vcpus: 1,
            memory: Mebibytes::new(1),
            disks: Vec::new(),
            nics: Vec::new(),
        };
        View::new(
            spec,
            Arc::new(Record::new("/nowhere".into())),
            power,
            true,
            EventSender::new(),
        )
    }

    fn told(view: &View, changes: &[Change]) -> Vec<EventKind> {
        let judge = |&change| view.judge(change).inspect(|&kind| view.happened(kind));
        changes.iter().filter_map(judge).collect()
    }

    #[test]
    fn what_is_known_already_is_no_news() {
        let view = view(PowerState::Shutdown);
        // libvirt tells of processors that go on at each start.
        let start = [Change::Resumed, Change::Started, Change::Resumed];
        assert_eq!(told(&view, &start), [EventKind::Started]);
        assert_eq!(told(&view, &start), []);
        let pause = [Change::Paused, Change::Paused, Change::Resumed];
        assert_eq!(told(&view, &pause), [EventKind::Paused, EventKind::Resumed]);
        let down = [
            Change::GoingDown(Whose::Guest),
            Change::Paused,
            Change::Stopped(Reason::Shutdown),
            Change::Stopped(Reason::Failed),
        ];
        assert_eq!(told(&view, &down), [EventKind::StoppedByGuest]);
        assert_eq!((view.now().starts, view.now().is_active()), (1, false));
    }

    #[test]
    fn the_end_of_a_guest_is_what_was_asked_for_or_is_not() {
        let end = |asked, whose: Option<Whose>, reason| {
            let view = view(PowerState::Running);
            view.ask(asked);
            let mut changes: Vec<_> = whose.map(Change::GoingDown).into_iter().collect();
            changes.push(Change::Stopped(reason));
            told(&view, &changes)
        };
        use {Asked::*, Reason::*};
        assert_eq!(end(Nothing, None, Failed), [EventKind::Crashed]);
        assert_eq!(end(Nothing, None, Unknown), [EventKind::Crashed]);
        assert_eq!(end(Politely, None, Failed), [EventKind::Crashed]);
        assert_eq!(end(Off, None, Failed), [EventKind::Stopped]);
        assert_eq!(end(Nothing, None, Ended), [EventKind::Stopped]);
        let host = Some(Whose::Host);
        assert_eq!(end(Nothing, host, Shutdown), [EventKind::Stopped]);
        let guest = Some(Whose::Guest);
        assert_eq!(end(Politely, guest, Shutdown), [EventKind::Stopped]);
        assert_eq!(end(Destroyed, guest, Shutdown), []);
    }

    #[test]
    fn what_was_asked_of_one_run_is_not_asked_of_the_next() {
        let view = view(PowerState::Running);
        view.ask(Asked::Off);
        told(&view, &[Change::Stopped(Reason::Ended), Change::Started]);
        let end = [
            Change::GoingDown(Whose::Guest),
            Change::Stopped(Reason::Shutdown),
        ];
        assert_eq!(told(&view, &end), [EventKind::StoppedByGuest]);
    }
}
