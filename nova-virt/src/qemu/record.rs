//! What the driver remembers of a guest: its specification, and whether it is to run.

use nova_core::state::PowerState;
use serde::{Deserialize, Serialize};

use crate::host::record;

/// The files of one guest.
pub(super) type Record = record::Record<Wanted>;

/// Whether a guest is to run. Written before it is made so, and thus what to go by when the driver
/// died in between: one that is to run and has no process has crashed, one that is not and has
/// one was being powered off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wanted", rename_all = "snake_case")]
pub(super) enum Wanted {
    /// It is to run.
    Running,
    /// It is powered off.
    Off,
    /// It ended by a failure, and nobody has started it since.
    Crashed,
}

impl Wanted {
    /// The power state of such a guest without a process.
    pub(super) fn without_process(self) -> PowerState {
        match self {
            Self::Running | Self::Crashed => PowerState::Crashed,
            Self::Off => PowerState::Shutdown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_stays_readable() {
        for (wanted, text) in [
            (Wanted::Running, r#"{"wanted":"running"}"#),
            (Wanted::Off, r#"{"wanted":"off"}"#),
            (Wanted::Crashed, r#"{"wanted":"crashed"}"#),
        ] {
            assert_eq!(serde_json::to_string(&wanted).unwrap(), text);
            assert_eq!(serde_json::from_str::<Wanted>(text).unwrap(), wanted);
        }
    }
}
