//! What the driver remembers of a guest: its specification, and how it was seen last.

use nova_core::state::PowerState;
use serde::{Deserialize, Serialize};

use crate::event::EventKind;
use crate::host::record;

/// The files of one guest.
pub(super) type Record = record::Record<Seen>;

/// How a guest was seen last. It is only gone by when libvirt does not remember why a guest does
/// not run: it forgets that when its daemon ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub(super) enum Seen {
    /// It ran, or was paused.
    Running,
    /// It was powered off.
    Off,
    /// It had ended by a failure.
    Crashed,
}

impl Seen {
    /// How a guest is after this; `None` where that is not written down.
    pub(super) fn after(kind: EventKind) -> Option<Self> {
        match kind {
            EventKind::Started => Some(Self::Running),
            EventKind::Stopped | EventKind::StoppedByGuest => Some(Self::Off),
            EventKind::Crashed => Some(Self::Crashed),
            EventKind::Paused | EventKind::Resumed | EventKind::Reset | EventKind::Destroyed => {
                None
            }
        }
    }

    /// The power state of such a guest that does not run. Nobody saw one end that ran: that is a
    /// failure, if only the host's.
    pub(super) fn without_domain(self) -> PowerState {
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
        for (seen, text) in [
            (Seen::Running, r#"{"seen":"running"}"#),
            (Seen::Off, r#"{"seen":"off"}"#),
            (Seen::Crashed, r#"{"seen":"crashed"}"#),
        ] {
            assert_eq!(serde_json::to_string(&seen).unwrap(), text);
            assert_eq!(serde_json::from_str::<Seen>(text).unwrap(), seen);
        }
    }
}
