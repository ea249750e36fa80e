//! What the hypervisor says of a guest.

use crate::error::{Error, Result};
use crate::text_enum::text_enum;

text_enum! {
    /// The power state of a guest. The hypervisor is the authority; a stored value is a snapshot.
    #[derive(Default)]
    pub enum PowerState: "power_state" {
        /// Nothing is known, or there is no guest yet.
        #[default]
        NoState = "nostate",
        /// Its processors run.
        Running = "running",
        /// In memory, its processors halted.
        Paused = "paused",
        /// Powered off.
        Shutdown = "shutdown",
        /// Ended by a failure of the guest or of its hypervisor process.
        Crashed = "crashed",
        /// Its memory is on disk.
        Suspended = "suspended",
    }
}

impl PowerState {
    /// Nova's number for it: 0, 1, 3, 4, 6 or 7.
    pub const fn code(self) -> u8 {
        match self {
            Self::NoState => 0,
            Self::Running => 1,
            Self::Paused => 3,
            Self::Shutdown => 4,
            Self::Crashed => 6,
            Self::Suspended => 7,
        }
    }

    /// The state with Nova's number.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a number that Nova does not use.
    pub fn from_code(code: u8) -> Result<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|state| state.code() == code)
            .ok_or_else(|| Error::invalid("power_state", format!("no state has the number {code}")))
    }
}

#[cfg(test)]
mod tests {
    use super::PowerState;

    #[test]
    fn codes_are_novas_and_read_back() {
        for state in PowerState::ALL {
            assert_eq!(PowerState::from_code(state.code()).unwrap(), *state);
        }
        assert!(PowerState::from_code(2).is_err());
        assert!(PowerState::from_code(5).is_err());
    }
}
