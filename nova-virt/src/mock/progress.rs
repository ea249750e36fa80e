//! A call on its way: what it waits for, what strikes it, how it takes effect.

use std::time::Duration;

use tokio::time::sleep;

use super::Operation;
use super::fault::{MockFailure, Strike, StrikeKind};
use super::hypervisor::Shared;
use super::journal::Outcome;
use super::state::HostState;
use crate::error::{Error, Result};
use crate::guest::GuestId;
use crate::spec::VmSpec;

/// A call between its beginning and its effect.
///
/// The host may go down at any await. All that a call does, it does in
/// [`change`](Self::change), which refuses once that has happened.
pub(super) struct Progress<'a> {
    pub(super) shared: &'a Shared,
    operation: Operation,
    guest: Option<GuestId>,
    epoch: u64,
    strike: Option<Strike>,
    rest: Duration,
}

impl<'a> Progress<'a> {
    /// Begins: the host must be up; a fault may strike; half of the latency passes.
    pub(super) async fn begin(
        shared: &'a Shared,
        operation: Operation,
        guest: Option<GuestId>,
        spec: Option<&VmSpec>,
    ) -> Result<Self> {
        let (epoch, strike) = {
            let mut state = shared.state();
            if !state.up {
                return Err(MockFailure::HostDown.into_error(operation, guest, true));
            }
            (state.epoch, state.faults.next(operation, guest, spec))
        };
        let latency = shared.latency(operation);
        let half = latency / 2;
        let mut progress = Self {
            shared,
            operation,
            guest,
            epoch,
            strike,
            rest: latency.saturating_sub(half),
        };
        progress.suffer(false).await?;
        progress.wait(half).await?;
        Ok(progress)
    }

    /// Goes on to the end: a fault may strike; the other half of the latency passes.
    pub(super) async fn complete(&mut self) -> Result<()> {
        self.suffer(true).await?;
        let rest = std::mem::take(&mut self.rest);
        self.wait(rest).await
    }

    /// Waits, unless the host goes down.
    pub(super) async fn wait(&self, duration: Duration) -> Result<()> {
        if duration.is_zero() {
            return Ok(());
        }
        let mut epoch = self.shared.epoch.subscribe();
        tokio::select! {
            biased;
            _ = epoch.wait_for(|now| *now != self.epoch) => Err(self.host_down()),
            () = sleep(duration) => Ok(()),
        }
    }

    /// Looks at or changes the host, at once, unless it went down since the beginning.
    pub(super) fn change<T>(&self, work: impl FnOnce(&mut HostState) -> Result<T>) -> Result<T> {
        let mut state = self.shared.state();
        if state.epoch == self.epoch {
            work(&mut state)
        } else {
            Err(self.host_down())
        }
    }

    async fn suffer(&mut self, halfway: bool) -> Result<()> {
        let Some(strike) = self.strike.take_if(|strike| strike.halfway == halfway) else {
            return Ok(());
        };
        match (strike.kind, self.guest) {
            (StrikeKind::Fail { transient }, guest) => {
                Err(MockFailure::Injected.into_error(self.operation, guest, transient))
            }
            (StrikeKind::TimeOut(after), Some(guest)) => {
                self.wait(after).await?;
                let operation = self.operation.verb();
                Err(Error::TimedOut {
                    driver: super::DRIVER,
                    operation,
                    guest,
                    after,
                })
            }
            (StrikeKind::TimeOut(after), None) => {
                self.wait(after).await?;
                Err(MockFailure::Injected.into_error(self.operation, None, true))
            }
            (StrikeKind::Hang, _) => self.hang().await,
        }
    }

    async fn hang(&self) -> Result<()> {
        let mut releases = self.shared.releases.subscribe();
        let mut epoch = self.shared.epoch.subscribe();
        tokio::select! {
            biased;
            _ = epoch.wait_for(|now| *now != self.epoch) => Err(self.host_down()),
            _ = releases.changed() => Ok(()),
        }
    }

    fn host_down(&self) -> Error {
        MockFailure::HostDown.into_error(self.operation, self.guest, true)
    }
}

/// Does the work of a call and writes it into the journal.
pub(super) async fn record<T>(
    shared: &Shared,
    operation: Operation,
    guest: Option<GuestId>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let at = shared.made_at.elapsed();
    let number = shared.state().recorder.begin(at, operation, guest);
    let mut entry = Entry {
        shared,
        number,
        outcome: Outcome::Dropped,
    };
    let result = work.await;
    entry.outcome = match &result {
        Ok(_) => Outcome::Done,
        Err(error) => Outcome::Failed(error.to_string()),
    };
    result
}

/// Writes the outcome when the call is over, however that comes.
struct Entry<'a> {
    shared: &'a Shared,
    number: u64,
    outcome: Outcome,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Outcome::Dropped);
        self.shared.state().recorder.end(self.number, outcome);
    }
}
