//! How a mock's guests behave.

use std::time::Duration;

/// How a guest of a mock behaves.
///
/// ```
/// use nova_virt::mock::GuestBehaviour;
///
/// let stubborn = GuestBehaviour::default().ignoring_power_button();
/// assert!(!stubborn.answers_power_button);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestBehaviour {
    /// Whether it shuts down when it is asked to; otherwise the plug is pulled in the end.
    pub answers_power_button: bool,
    /// How long it takes to shut down. If that is longer than it is given, the plug is pulled.
    pub shutdown_takes: Duration,
    /// What it writes to its console at each start.
    pub banner: Vec<u8>,
    /// What it writes to its console when it shuts down.
    pub farewell: Vec<u8>,
}

impl GuestBehaviour {
    /// It does not shut down when it is asked to.
    #[must_use]
    pub fn ignoring_power_button(mut self) -> Self {
        self.answers_power_button = false;
        self
    }

    /// It takes so long to shut down.
    #[must_use]
    pub fn with_shutdown_taking(mut self, duration: Duration) -> Self {
        self.shutdown_takes = duration;
        self
    }

    /// It writes this at each start.
    #[must_use]
    pub fn with_banner(mut self, banner: impl Into<Vec<u8>>) -> Self {
        self.banner = banner.into();
        self
    }

    /// It writes this when it shuts down.
    #[must_use]
    pub fn with_farewell(mut self, farewell: impl Into<Vec<u8>>) -> Self {
        self.farewell = farewell.into();
        self
    }
}

impl Default for GuestBehaviour {
    /// Answers the power button at once, and writes the lines that this project's test guests
    /// write: `NOVA-GUEST-UP` and `NOVA-GUEST-DOWN`.
    fn default() -> Self {
        Self {
            answers_power_button: true,
            shutdown_takes: Duration::ZERO,
            banner: b"NOVA-GUEST-UP\r\n".to_vec(),
            farewell: b"NOVA-GUEST-DOWN\r\n".to_vec(),
        }
    }
}
