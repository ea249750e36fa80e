//! What can go wrong between the driver and a monitor.

use std::time::Duration;

/// What went wrong with a guest's monitor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QmpError {
    /// The connection is gone, or was never there.
    #[error("the monitor's connection is closed")]
    Closed,

    /// It did not answer in time.
    #[error("the monitor did not answer {command} within {} ms", after.as_millis())]
    TimedOut {
        /// The command.
        command: &'static str,
        /// How long it was waited for.
        after: Duration,
    },

    /// It refused a command.
    #[error("the monitor refused {command}: {class}: {description}")]
    Refused {
        /// The command.
        command: &'static str,
        /// The class of the error.
        class: String,
        /// What it said, bounded.
        description: String,
    },

    /// It said something that is not of the protocol.
    #[error("the monitor does not speak QMP: {reason}")]
    Protocol {
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl QmpError {
    /// Whether the same command may succeed later.
    pub(crate) fn transient(&self) -> bool {
        match self {
            Self::Closed | Self::TimedOut { .. } => true,
            Self::Refused { .. } | Self::Protocol { .. } => false,
        }
    }
}
