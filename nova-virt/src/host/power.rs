//! Switching guests on and off: what is the same for everybody's.

use std::time::Duration;

use nova_core::state::PowerState;

use crate::error::{Error, Result};
use crate::guest::GuestId;
use crate::hypervisor::{PowerOff, Reboot};

/// How often the power button is pressed while a guest does not go down: one that was still
/// booting did not notice the first time.
pub(crate) const PRESS_EVERY: Duration = Duration::from_secs(3);

/// How a guest in this state is powered off to be rebooted.
///
/// # Errors
/// [`Error::WrongState`] if it cannot be asked, and is to be.
pub(crate) fn off_for_reboot(
    guest: GuestId,
    mode: Reboot,
    power_state: PowerState,
) -> Result<PowerOff> {
    match (mode, power_state) {
        (Reboot::Hard, _) => Ok(PowerOff::Hard),
        (Reboot::Soft(patience), PowerState::Running) => Ok(PowerOff::Graceful(patience)),
        (Reboot::Soft(_), power_state) => Err(Error::WrongState {
            guest,
            operation: "reboot",
            power_state,
        }),
    }
}
