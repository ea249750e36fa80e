//! What can go wrong at a hypervisor, and what a caller may do about it.

use std::time::Duration;

use nova_core::BoxError;
use nova_core::state::PowerState;

use crate::guest::GuestId;
use crate::image::ImageError;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a driver or of the plumbing next to it.
///
/// `Display` never repeats a source; whoever logs prints the chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value was refused before anything was done with it.
    #[error("invalid {field}: {reason}")]
    Invalid {
        /// The field at fault.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// The host has no such guest.
    #[error("there is no guest {guest} on this host")]
    NotFound {
        /// The guest.
        guest: GuestId,
    },

    /// The host has a guest with this id that was made from another specification.
    #[error("guest {guest} exists already, and is another one")]
    AlreadyExists {
        /// The guest.
        guest: GuestId,
    },

    /// The driver does not offer the operation; nothing was done.
    #[error("the {driver} driver cannot {operation}")]
    Unsupported {
        /// The driver.
        driver: &'static str,
        /// What was asked.
        operation: &'static str,
    },

    /// The guest's power state does not allow the operation; nothing was done.
    #[error("cannot {operation} guest {guest} while it is {power_state}")]
    WrongState {
        /// The guest.
        guest: GuestId,
        /// What was asked.
        operation: &'static str,
        /// The state that it is in.
        power_state: PowerState,
    },

    /// An image is not there or not what it was declared to be.
    #[error(transparent)]
    Image(#[from] ImageError),

    /// The operation did not end in time. What it had begun was undone, or goes on and shows in
    /// [`inspect`](crate::Hypervisor::inspect).
    #[error("the {driver} driver did not {operation} guest {guest} within {} ms", after.as_millis())]
    TimedOut {
        /// The driver.
        driver: &'static str,
        /// What was asked.
        operation: &'static str,
        /// The guest.
        guest: GuestId,
        /// How long it was waited for.
        after: Duration,
    },

    /// The hypervisor, or a program or file that the driver uses, failed.
    #[error("the {driver} driver could not {operation}{}", of_guest(*.guest))]
    Backend {
        /// The driver.
        driver: &'static str,
        /// What it was doing.
        operation: &'static str,
        /// The guest, if it was about one.
        guest: Option<GuestId>,
        /// Whether the same call may succeed when it is tried again.
        transient: bool,
        /// What the hypervisor said.
        #[source]
        source: BoxError,
    },
}

fn of_guest(guest: Option<GuestId>) -> String {
    guest
        .map(|guest| format!(" guest {guest}"))
        .unwrap_or_default()
}

impl Error {
    /// An [`Error::Invalid`].
    pub fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            reason: reason.into(),
        }
    }

    /// Whether the same call on the same host, unchanged, may succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Backend { transient, .. } => *transient,
            Self::TimedOut { .. } => true,
            Self::Invalid { .. }
            | Self::NotFound { .. }
            | Self::AlreadyExists { .. }
            | Self::Unsupported { .. }
            | Self::WrongState { .. } => false,
            Self::Image(error) => error.retryable(),
        }
    }

    /// Whether the fault lies in what was asked for, so that no other host would do better.
    pub fn same_elsewhere(&self) -> bool {
        match self {
            Self::Invalid { .. } => true,
            Self::Image(error) => error.is_of_the_image(),
            Self::Backend { .. }
            | Self::TimedOut { .. }
            | Self::NotFound { .. }
            | Self::AlreadyExists { .. }
            | Self::Unsupported { .. }
            | Self::WrongState { .. } => false,
        }
    }
}
