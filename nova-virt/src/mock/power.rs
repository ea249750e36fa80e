//! Power states of guests.

use std::time::Duration;

use nova_core::state::PowerState;

use super::hypervisor::Shared;
use super::progress::Progress;
use super::state::{HostState, MockGuest};
use super::{GuestBehaviour, Operation};
use crate::error::{Error, Result};
use crate::event::EventKind;
use crate::guest::GuestId;
use crate::hypervisor::{PowerOff, Reboot};

pub(super) async fn power_on(shared: &Shared, id: GuestId) -> Result<()> {
    simple(
        shared,
        Operation::PowerOn,
        id,
        |behaviour, guest| match guest.power_state {
            PowerState::Running => Ok(()),
            PowerState::Paused => Err(wrong_state(Operation::PowerOn, guest)),
            _ => {
                start(shared, behaviour, guest);
                Ok(())
            }
        },
    )
    .await
}

pub(super) async fn pause(shared: &Shared, id: GuestId) -> Result<()> {
    simple(shared, Operation::Pause, id, |_, guest| {
        match guest.power_state {
            PowerState::Paused => Ok(()),
            PowerState::Running => {
                enter(shared, guest, EventKind::Paused);
                Ok(())
            }
            _ => Err(wrong_state(Operation::Pause, guest)),
        }
    })
    .await
}

pub(super) async fn unpause(shared: &Shared, id: GuestId) -> Result<()> {
    simple(shared, Operation::Unpause, id, |_, guest| {
        match guest.power_state {
            PowerState::Running => Ok(()),
            PowerState::Paused => {
                enter(shared, guest, EventKind::Resumed);
                Ok(())
            }
            _ => Err(wrong_state(Operation::Unpause, guest)),
        }
    })
    .await
}

pub(super) async fn power_off(shared: &Shared, id: GuestId, mode: PowerOff) -> Result<()> {
    let _lock = shared.locks.lock(id).await;
    let mut progress = Progress::begin(shared, Operation::PowerOff, Some(id), None).await?;
    let says_goodbye = match mode {
        PowerOff::Graceful(patience) => ask_to_shut_down(&progress, id, patience).await?,
        PowerOff::Hard => false,
    };
    progress.complete().await?;
    progress.change(|host| {
        let (behaviour, guest) = find(shared, host, id)?;
        stop(shared, &behaviour, guest, says_goodbye);
        Ok(())
    })
}

pub(super) async fn reboot(shared: &Shared, id: GuestId, mode: Reboot) -> Result<()> {
    let _lock = shared.locks.lock(id).await;
    let mut progress = Progress::begin(shared, Operation::Reboot, Some(id), None).await?;
    let says_goodbye = match mode {
        Reboot::Soft(patience) => {
            progress.change(|host| match find(shared, host, id)?.1 {
                guest if guest.power_state == PowerState::Running => Ok(()),
                guest => Err(wrong_state(Operation::Reboot, guest)),
            })?;
            ask_to_shut_down(&progress, id, patience).await?
        }
        Reboot::Hard => false,
    };
    progress.complete().await?;
    progress.change(|host| {
        let (behaviour, guest) = find(shared, host, id)?;
        stop(shared, &behaviour, guest, says_goodbye);
        start(shared, &behaviour, guest);
        Ok(())
    })
}

/// An operation that takes effect at once.
async fn simple(
    shared: &Shared,
    operation: Operation,
    id: GuestId,
    work: impl FnOnce(&GuestBehaviour, &mut MockGuest) -> Result<()>,
) -> Result<()> {
    let _lock = shared.locks.lock(id).await;
    let mut progress = Progress::begin(shared, operation, Some(id), None).await?;
    progress.complete().await?;
    progress.change(|host| {
        let (behaviour, guest) = find(shared, host, id)?;
        work(&behaviour, guest)
    })
}

/// Presses the power button and waits; tells whether the guest shut down in time. One that does
/// not run cannot answer, and one that is off need not.
async fn ask_to_shut_down(
    progress: &Progress<'_>,
    id: GuestId,
    patience: Duration,
) -> Result<bool> {
    let (behaviour, power_state) = progress.change(|host| {
        let (behaviour, guest) = find(progress.shared, host, id)?;
        Ok((behaviour, guest.power_state))
    })?;
    let answers = behaviour.answers_power_button && behaviour.shutdown_takes <= patience;
    match power_state {
        PowerState::Running if answers => {
            progress.wait(behaviour.shutdown_takes).await?;
            Ok(true)
        }
        PowerState::Running | PowerState::Paused => {
            progress.wait(patience).await?;
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// Starts a guest that does not run.
pub(super) fn start(shared: &Shared, behaviour: &GuestBehaviour, guest: &mut MockGuest) {
    guest.write(&behaviour.banner);
    enter(shared, guest, EventKind::Started);
}

/// Powers a guest off, if it is not off.
fn stop(shared: &Shared, behaviour: &GuestBehaviour, guest: &mut MockGuest, says_goodbye: bool) {
    if guest.power_state == PowerState::Shutdown {
        return;
    }
    if says_goodbye && guest.power_state == PowerState::Running {
        guest.write(&behaviour.farewell);
    }
    enter(shared, guest, EventKind::Stopped);
}

/// Brings a guest into the state that an event is about, and tells the event.
pub(super) fn enter(shared: &Shared, guest: &mut MockGuest, event: EventKind) {
    if let Some(power_state) = event.power_state() {
        guest.power_state = power_state;
    }
    shared.tell(guest.spec.id, event);
}

fn find<'a>(
    shared: &Shared,
    host: &'a mut HostState,
    id: GuestId,
) -> Result<(GuestBehaviour, &'a mut MockGuest)> {
    let behaviour = shared.behaviour(host, id);
    let guest = host
        .guests
        .get_mut(&id)
        .ok_or(Error::NotFound { guest: id })?;
    Ok((behaviour, guest))
}

fn wrong_state(operation: Operation, guest: &MockGuest) -> Error {
    Error::WrongState {
        guest: guest.spec.id,
        operation: operation.verb(),
        power_state: guest.power_state,
    }
}
