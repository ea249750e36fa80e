//! Watching a guest's qemu: what it tells becomes events, and its end is seen to.

use std::sync::Arc;
use std::time::Duration;

use nova_core::state::PowerState;
use tokio::time::{Instant, MissedTickBehavior};

use super::host::Host;
use super::instance::{self, Asked, Instance, Watched};
use super::machine::Machine;
use super::place::QEMU_LOG;
use super::qmp::{Event, EventReader, Missed, QueryStatus, Quit, RunState};
use super::record::{Record, Wanted};
use super::view::View;
use crate::event::EventKind;
use crate::guest::GuestId;
use crate::host::place::SERIAL_LOG;
use crate::host::{blocking, console};

/// How long to wait before connecting to a monitor again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// How often the logs are looked at.
const TRIM_EVERY: Duration = Duration::from_secs(5);

/// How long an ended qemu's last words may take to be read.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a qemu said of its end before it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The guest powered itself off.
    Guest,
    /// Somebody ended qemu in order.
    Host,
    /// The guest cannot go on.
    Failure,
}

/// Whether every event was told, so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Every one.
    All,
    /// Some were missed.
    NotAll,
}

/// Watches an instance of a machine from now on.
pub(super) fn start(
    host: &Host,
    machine: &Machine,
    instance: Instance,
    events: Option<EventReader>,
) -> Watched {
    let instance = Arc::new(instance);
    let watcher = Watcher {
        id: machine.spec.id,
        instance: Arc::clone(&instance),
        record: Arc::clone(&machine.record),
        view: Arc::clone(&machine.view),
        command_deadline: host.config.command_deadline,
        stop_deadline: host.config.stop_deadline,
        console_limit: host.config.console_limit.get(),
        cause: None,
        kill_at: None,
    };
    Watched {
        instance,
        watcher: tokio::spawn(watcher.run(events)),
    }
}

/// It holds nothing of the driver that would keep the driver alive.
#[derive(Debug)]
struct Watcher {
    id: GuestId,
    instance: Arc<Instance>,
    record: Arc<Record>,
    view: Arc<View>,
    command_deadline: Duration,
    stop_deadline: Duration,
    console_limit: u64,
    cause: Option<Cause>,
    kill_at: Option<Instant>,
}

impl Watcher {
    async fn run(mut self, mut events: Option<EventReader>) {
        let instance = Arc::clone(&self.instance);
        let mut trim = tokio::time::interval(TRIM_EVERY);
        trim.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let kill_at = self.kill_at;
            tokio::select! {
                biased;
                () = instance.process.exited() => break,
                event = next(&mut events) => match event {
                    Some(event) => self.heard(event).await,
                    None => events = self.reconnect().await,
                },
                () = sleep_until(kill_at), if kill_at.is_some() => {
                    self.kill_at = None;
                    self.kill();
                }
                _ = trim.tick() => self.trim().await,
            }
        }
        self.last_words(events).await;
        self.conclude().await;
    }

    async fn heard(&mut self, event: Result<Event, Missed>) {
        match event {
            Ok(Event::Shutdown { guest: true }) => self.guest_went_down().await,
            Ok(Event::Shutdown { guest: false }) => self.set_cause(Cause::Host),
            Ok(Event::Reset) if self.cause.is_none() => self.view.happened(EventKind::Reset),
            Ok(Event::Stop | Event::Resume) => self.look(Told::All).await,
            Err(Missed) => self.look(Told::NotAll).await,
            Ok(Event::Reset | Event::Other) => {}
        }
    }

    /// Asks how things stand.
    async fn look(&mut self, told: Told) {
        if self.cause.is_some() {
            return;
        }
        let status = match self.instance.client() {
            Ok(client) => client.execute(&QueryStatus {}).await,
            Err(error) => Err(error),
        };
        match status.map(|status| status.status) {
            Ok(RunState::Running) => self.view.found(PowerState::Running),
            Ok(RunState::Halted | RunState::Prelaunch) => self.view.found(PowerState::Paused),
            // The event, which is on its way, says whose doing it was; unless it was missed.
            Ok(RunState::Shutdown) => match told {
                Told::All => {}
                Told::NotAll => self.guest_went_down().await,
            },
            Ok(RunState::InternalError | RunState::GuestPanicked) => {
                self.set_cause(Cause::Failure);
                self.kill();
            }
            // It may be ending, or the connection may be: both are seen to.
            Err(error) => tracing::debug!(guest = %self.id, %error, "a guest was not asked"),
        }
    }

    /// The guest powered itself off and its qemu waits. That is written down before qemu ends, so
    /// that its end is never taken for a crash.
    async fn guest_went_down(&mut self) {
        if self.cause.is_some() {
            return;
        }
        self.set_cause(Cause::Guest);
        self.write_down(Wanted::Off).await;
        self.kill_at = Some(Instant::now() + self.stop_deadline);
        let quit = match self.instance.client() {
            Ok(client) => client.execute(&Quit {}).await,
            Err(error) => Err(error),
        };
        if quit.is_err() {
            self.kill();
        }
    }

    /// What it said first counts: the end of a guest that went down is ordered too.
    fn set_cause(&mut self, cause: Cause) {
        self.cause.get_or_insert(cause);
    }

    fn kill(&self) {
        if let Err(error) = self.instance.process.kill() {
            tracing::warn!(guest = %self.id, error = &error as &dyn std::error::Error, "a guest's qemu was not killed");
        }
    }

    /// Connects again, for as long as the process lives.
    async fn reconnect(&mut self) -> Option<EventReader> {
        self.instance.set_client(None);
        let instance = Arc::clone(&self.instance);
        let directory = self.record.directory().to_path_buf();
        let connecting = async {
            loop {
                match instance::connect(&directory, self.command_deadline).await {
                    Ok(connected) => return connected,
                    Err(error) => tracing::debug!(guest = %self.id, %error, "no monitor yet"),
                }
                tokio::time::sleep(RECONNECT_PAUSE).await;
            }
        };
        let (client, events) = tokio::select! {
            biased;
            () = instance.process.exited() => return None,
            connected = connecting => connected,
        };
        self.instance.set_client(Some(client));
        self.look(Told::NotAll).await;
        Some(events)
    }

    /// Reads what the process said before it ended.
    async fn last_words(&mut self, mut events: Option<EventReader>) {
        let until = Instant::now() + LAST_WORDS;
        while let Ok(Some(event)) = tokio::time::timeout_at(until, next(&mut events)).await {
            match event {
                Ok(Event::Shutdown { guest: true }) => self.set_cause(Cause::Guest),
                Ok(Event::Shutdown { guest: false }) => self.set_cause(Cause::Host),
                _ => {}
            }
        }
        self.instance.set_client(None);
    }

    /// Says what the end of the process was.
    async fn conclude(&mut self) {
        let kind = kind_of_end(self.instance.asked(), self.cause);
        match kind {
            Some(EventKind::Crashed) => self.write_down(Wanted::Crashed).await,
            Some(_) => self.write_down(Wanted::Off).await,
            None => {}
        }
        if let Some(kind) = kind {
            self.view.happened(kind);
        }
        self.instance.conclude();
    }

    async fn write_down(&self, wanted: Wanted) {
        let record = Arc::clone(&self.record);
        let written = blocking::run(move || record.save_state(wanted)).await;
        if let Err(error) = written.and_then(|written| written) {
            tracing::warn!(guest = %self.id, error = &error as &dyn std::error::Error, "a guest's state was not written down");
        }
    }

    async fn trim(&self) {
        let directory = self.record.directory().to_path_buf();
        let keep = self.console_limit;
        let trimmed = blocking::run(move || {
            console::trim(&directory.join(SERIAL_LOG), keep)?;
            console::trim(&directory.join(QEMU_LOG), keep)
        })
        .await;
        if let Ok(Err(error)) = trimmed {
            tracing::warn!(guest = %self.id, %error, "a guest's log was not trimmed");
        }
    }
}

/// What the end of a process was; `None` where that is no news.
fn kind_of_end(asked: Asked, cause: Option<Cause>) -> Option<EventKind> {
    match (asked, cause) {
        (Asked::Destroyed, _) => None,
        (Asked::Off, _) | (Asked::Politely, Some(Cause::Guest | Cause::Host)) => {
            Some(EventKind::Stopped)
        }
        (Asked::Nothing, Some(Cause::Guest)) => Some(EventKind::StoppedByGuest),
        // The host ended it in order: it goes down itself, or its administrator decided so.
        (Asked::Nothing, Some(Cause::Host)) => Some(EventKind::Stopped),
        (Asked::Nothing | Asked::Politely, Some(Cause::Failure) | None) => Some(EventKind::Crashed),
    }
}

async fn next(events: &mut Option<EventReader>) -> Option<Result<Event, Missed>> {
    match events {
        Some(events) => events.next().await,
        None => None,
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_nobody_announced_is_a_crash() {
        assert_eq!(kind_of_end(Asked::Nothing, None), Some(EventKind::Crashed));
        assert_eq!(kind_of_end(Asked::Politely, None), Some(EventKind::Crashed));
        assert_eq!(
            kind_of_end(Asked::Nothing, Some(Cause::Guest)),
            Some(EventKind::StoppedByGuest)
        );
        assert_eq!(
            kind_of_end(Asked::Nothing, Some(Cause::Host)),
            Some(EventKind::Stopped)
        );
        assert_eq!(
            kind_of_end(Asked::Politely, Some(Cause::Guest)),
            Some(EventKind::Stopped)
        );
        for cause in [
            None,
            Some(Cause::Guest),
            Some(Cause::Host),
            Some(Cause::Failure),
        ] {
            assert_eq!(kind_of_end(Asked::Off, cause), Some(EventKind::Stopped));
            assert_eq!(kind_of_end(Asked::Destroyed, cause), None);
        }
    }
}
