//! Switching guests on and off, and halting their processors.

use std::sync::Arc;
use std::time::Duration;

use nova_core::state::PowerState;

use super::error::QemuError;
use super::host::Host;
use super::instance::{Asked, Instance};
use super::machine::Machine;
use super::qmp::{Cont, Quit, Stop, SystemPowerdown};
use super::record::Wanted;
use super::registry::Held;
use crate::error::{Error, Result};
use crate::host::power::{PRESS_EVERY, off_for_reboot};
use crate::hypervisor::{PowerOff, Reboot};

/// How long a monitor may take to take note that it is to end, before it is killed.
const QUIT_DEADLINE: Duration = Duration::from_secs(2);

/// [`Hypervisor::power_on`](crate::Hypervisor::power_on).
pub(super) async fn power_on(host: Arc<Host>, held: Held) -> Result<()> {
    let (id, operation) = (held.id(), "power on");
    let machine = held.require()?;
    match (machine.instance(), machine.view.power()) {
        (Some(_), PowerState::Running) => Ok(()),
        (Some(_), power_state) => Err(Error::WrongState {
            guest: id,
            operation,
            power_state,
        }),
        (None, _) => machine
            .start(&host)
            .await
            .map_err(|error| error.during(operation, Some(id))),
    }
}

/// [`Hypervisor::power_off`](crate::Hypervisor::power_off).
pub(super) async fn power_off(host: Arc<Host>, held: Held, mode: PowerOff) -> Result<()> {
    let id = held.id();
    let machine = held.require()?;
    stop(&host, &machine, mode)
        .await
        .map_err(|error| error.during("power off", Some(id)))
}

/// [`Hypervisor::reboot`](crate::Hypervisor::reboot).
pub(super) async fn reboot(host: Arc<Host>, held: Held, mode: Reboot) -> Result<()> {
    let (id, operation) = (held.id(), "reboot");
    let machine = held.require()?;
    let mode = off_for_reboot(id, mode, machine.view.power())?;
    let failed = |error: QemuError| error.during(operation, Some(id));
    stop(&host, &machine, mode).await.map_err(failed)?;
    machine.start(&host).await.map_err(failed)
}

/// [`Pause::pause`](crate::Pause::pause).
pub(super) async fn pause(host: Arc<Host>, held: Held) -> Result<()> {
    switch(host, held, "pause", PowerState::Running, PowerState::Paused).await
}

/// [`Pause::unpause`](crate::Pause::unpause).
pub(super) async fn unpause(host: Arc<Host>, held: Held) -> Result<()> {
    switch(
        host,
        held,
        "unpause",
        PowerState::Paused,
        PowerState::Running,
    )
    .await
}

/// Halts the processors or lets them go on.
async fn switch(
    host: Arc<Host>,
    held: Held,
    operation: &'static str,
    from: PowerState,
    to: PowerState,
) -> Result<()> {
    let id = held.id();
    let machine = held.require()?;
    let power_state = machine.view.power();
    if power_state == to {
        return Ok(());
    }
    let wrong = |power_state| Error::WrongState {
        guest: id,
        operation,
        power_state,
    };
    let failed = |error: QemuError| error.during(operation, Some(id));
    let Some(instance) = machine.instance().filter(|_| power_state == from) else {
        return Err(wrong(power_state));
    };
    let client = instance.client().map_err(|error| failed(error.into()))?;
    let done = match to {
        PowerState::Paused => client.execute(&Stop {}).await,
        _ => client.execute(&Cont {}).await,
    };
    done.map_err(|error| failed(error.into()))?;
    // The watcher asks qemu how things stand and tells of it, which it may find to be otherwise.
    let after = host.config.command_deadline;
    match tokio::time::timeout(after, machine.view.leaves(from)).await {
        Ok(now) if now == to => Ok(()),
        Ok(now) => Err(wrong(now)),
        Err(_) => Err(Error::TimedOut {
            driver: super::error::DRIVER,
            operation,
            guest: id,
            after,
        }),
    }
}

/// Powers a guest off, if it is on.
async fn stop(host: &Host, machine: &Machine, mode: PowerOff) -> Result<(), QemuError> {
    let Some(instance) = machine.instance() else {
        return Ok(());
    };
    if let PowerOff::Graceful(patience) = mode {
        instance.ask(Asked::Politely);
        tokio::select! {
            biased;
            () = instance.concluded() => return Ok(()),
            () = tokio::time::sleep(patience) => {}
            () = press_button(&instance, machine.view.power()) => {}
        }
    }
    // Written down first: should this process die in between, the next one goes on with it.
    machine.want(Wanted::Off).await?;
    instance.ask(Asked::Off);
    if quit(&instance).await {
        let ended = tokio::time::timeout(host.config.stop_deadline, instance.concluded()).await;
        if ended.is_ok() {
            return Ok(());
        }
    }
    instance.process.kill()?;
    tokio::time::timeout(host.config.stop_deadline, instance.concluded())
        .await
        .map_err(|_| QemuError::Unkillable {
            pid: instance.process.pid(),
        })
}

/// Presses the power button again and again; ends only if there is no monitor to do it by.
async fn press_button(instance: &Instance, power: PowerState) {
    let Ok(client) = instance.client() else {
        return;
    };
    if power == PowerState::Paused {
        // Halted processors answer nothing.
        let _ = client.execute(&Cont {}).await;
    }
    loop {
        if client.execute(&SystemPowerdown {}).await.is_err() {
            // It may just be ending, which is noticed elsewhere.
            tokio::time::sleep(QUIT_DEADLINE).await;
            return;
        }
        tokio::time::sleep(PRESS_EVERY).await;
    }
}

/// Whether qemu took note that it is to end.
async fn quit(instance: &Instance) -> bool {
    let Ok(client) = instance.client() else {
        return false;
    };
    matches!(
        tokio::time::timeout(QUIT_DEADLINE, client.execute(&Quit {})).await,
        Ok(Ok(_))
    )
}
