//! Switching guests on and off, and halting their processors.

use std::sync::Arc;

use nova_core::state::PowerState;
use virt::connect::Connect;

use super::domain;
use super::error::LibvirtError;
use super::host::Host;
use super::registry::Held;
use super::view::{Asked, Now, View};
use crate::error::{Error, Result};
use crate::guest::GuestId;
use crate::host::power::{PRESS_EVERY, off_for_reboot};
use crate::hypervisor::{PowerOff, Reboot};

/// [`Hypervisor::power_on`](crate::Hypervisor::power_on).
pub(super) async fn power_on(host: Arc<Host>, held: Held) -> Result<()> {
    let operation = "power on";
    let id = held.id();
    let view = held.require()?;
    match view.now().power {
        PowerState::Running => Ok(()),
        power_state @ PowerState::Paused => Err(Error::WrongState {
            guest: id,
            operation,
            power_state,
        }),
        _ => host
            .start(&view)
            .await
            .map_err(|error| error.during(operation, Some(id))),
    }
}

/// [`Hypervisor::power_off`](crate::Hypervisor::power_off).
pub(super) async fn power_off(host: Arc<Host>, held: Held, mode: PowerOff) -> Result<()> {
    let id = held.id();
    let view = held.require()?;
    stop(&host, &view, mode)
        .await
        .map_err(|error| error.during("power off", Some(id)))
}

/// [`Hypervisor::reboot`](crate::Hypervisor::reboot).
pub(super) async fn reboot(host: Arc<Host>, held: Held, mode: Reboot) -> Result<()> {
    let operation = "reboot";
    let id = held.id();
    let view = held.require()?;
    let mode = off_for_reboot(id, mode, view.now().power)?;
    let failed = |error: LibvirtError| error.during(operation, Some(id));
    stop(&host, &view, mode).await.map_err(failed)?;
    host.start(&view).await.map_err(failed)
}

/// [`Pause::pause`](crate::Pause::pause).
pub(super) async fn pause(host: Arc<Host>, held: Held) -> Result<()> {
    let (from, to) = (PowerState::Running, PowerState::Paused);
    switch(host, held, "pause", from, to, domain::pause).await
}

/// [`Pause::unpause`](crate::Pause::unpause).
pub(super) async fn unpause(host: Arc<Host>, held: Held) -> Result<()> {
    let (from, to) = (PowerState::Paused, PowerState::Running);
    switch(host, held, "unpause", from, to, domain::resume).await
}

/// Halts the processors or lets them go on.
async fn switch(
    host: Arc<Host>,
    held: Held,
    operation: &'static str,
    from: PowerState,
    to: PowerState,
    work: fn(&Connect, GuestId) -> std::result::Result<(), virt::error::Error>,
) -> Result<()> {
    let id = held.id();
    let view = held.require()?;
    let check = |now: Now| {
        let power_state = now.power;
        Err(Error::WrongState {
            guest: id,
            operation,
            power_state,
        })
    };
    match view.now() {
        now if now.power == to => return Ok(()),
        now if now.power != from => return check(now),
        _ => {}
    }
    let failed = |error: LibvirtError| error.during(operation, Some(id));
    let deadline = host.config.command_deadline;
    let called = host
        .link
        .call(operation, deadline, move |connect| work(connect, id))
        .await;
    if let Err(error) = called {
        // It may have ended meanwhile, of which news are on their way.
        host.link.look(id);
        return Err(failed(error));
    }
    let told = "tell that the guest was halted or goes on";
    let now = host.settled(&view, told, |now| now.power != from).await;
    match now.map_err(failed)? {
        now if now.power == to => Ok(()),
        now => check(now),
    }
}

/// Powers a guest off, if it is on.
async fn stop(host: &Host, view: &View, mode: PowerOff) -> std::result::Result<(), LibvirtError> {
    if !view.now().is_active() {
        return Ok(());
    }
    if let PowerOff::Graceful(patience) = mode {
        view.ask(Asked::Politely);
        tokio::select! {
            biased;
            _ = view.until(|now| !now.is_active()) => return Ok(()),
            () = tokio::time::sleep(patience) => {}
            () = press_button(host, view) => {}
        }
    }
    view.ask(Asked::Off);
    let (id, deadline) = (view.spec.id, host.config.command_deadline);
    let stop = move |connect: &_| domain::stop(connect, id);
    let stopped = host.link.call("power the guest off", deadline, stop).await;
    if let Err(LibvirtError::Refused { .. }) = stopped {
        // It runs on, and how it ends is its own business again.
        view.ask_no_more();
    }
    stopped?;
    let told = "tell of the guest's end";
    host.settled(view, told, |now| !now.is_active()).await?;
    Ok(())
}

/// Presses the power button again and again.
async fn press_button(host: &Host, view: &View) {
    let (id, deadline) = (view.spec.id, host.config.command_deadline);
    if view.now().power == PowerState::Paused {
        // Halted processors answer nothing.
        let resume = move |connect: &_| domain::resume(connect, id);
        let _ = host.link.call("unpause the guest", deadline, resume).await;
    }
    loop {
        let press = move |connect: &_| domain::press_power_button(connect, id);
        let pressed = host.link.call("press the power button", deadline, press);
        if let Err(error) = pressed.await {
            // It may just be ending, which is noticed elsewhere.
            tracing::debug!(guest = %id, error = &error as &dyn std::error::Error, "the power button was not pressed");
        }
        tokio::time::sleep(PRESS_EVERY).await;
    }
}
