//! How a compute host says what went wrong.

use nova_rpc::RemoteError;
use nova_virt::Error as VirtError;
use serde::{Deserialize, Serialize};

/// A failure on a compute host, as it travels to the conductor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ComputeFailure {
    /// What kind it is.
    pub kind: FailureKind,
    /// What went wrong, for administrators: it may name paths of the host.
    pub message: String,
    /// Whether another host would fail in the same way.
    pub same_elsewhere: bool,
}

/// The kinds of failure, by what the conductor does about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The request makes no sense to the driver.
    Invalid,
    /// The image is not there or not what it was declared to be.
    Image,
    /// The host has no such guest.
    NotFound,
    /// The host has another guest with this id.
    AlreadyExists,
    /// The driver does not offer it.
    Unsupported,
    /// The guest's power state does not allow it.
    WrongState,
    /// It did not end in time.
    TimedOut,
    /// The hypervisor failed.
    Hypervisor,
}

impl ComputeFailure {
    const CLASS: &str = "ComputeFailure";

    /// A removal that waited for a build until nobody waited for it.
    pub(super) fn busy() -> Self {
        Self {
            kind: FailureKind::TimedOut,
            message: "the guest was not removed: it is still being built".to_owned(),
            same_elsewhere: false,
        }
    }

    /// A build that was not begun.
    pub(super) fn too_late(reason: &str) -> Self {
        Self {
            kind: FailureKind::TimedOut,
            message: format!("the guest was not built: {reason}"),
            same_elsewhere: false,
        }
    }

    /// The failure that a remote error carries, if it carries one.
    pub fn from_remote(error: &RemoteError) -> Option<Self> {
        if error.class() == Self::CLASS {
            error.data()
        } else {
            None
        }
    }
}

impl From<VirtError> for ComputeFailure {
    fn from(error: VirtError) -> Self {
        let kind = match &error {
            VirtError::Invalid { .. } => FailureKind::Invalid,
            VirtError::Image(_) => FailureKind::Image,
            VirtError::NotFound { .. } => FailureKind::NotFound,
            VirtError::AlreadyExists { .. } => FailureKind::AlreadyExists,
            VirtError::Unsupported { .. } => FailureKind::Unsupported,
            VirtError::WrongState { .. } => FailureKind::WrongState,
            VirtError::TimedOut { .. } => FailureKind::TimedOut,
            // A kind of driver error that is newer than this role.
            _ => FailureKind::Hypervisor,
        };
        Self {
            kind,
            same_elsewhere: error.same_elsewhere(),
            message: chain(&error),
        }
    }
}

impl From<ComputeFailure> for RemoteError {
    fn from(failure: ComputeFailure) -> Self {
        RemoteError::new(ComputeFailure::CLASS, failure.message.clone()).with_data(&failure)
    }
}

/// An error and all its causes, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_survives_the_journey() {
        let failure = ComputeFailure::from(VirtError::Unsupported {
            driver: "x",
            operation: "pause",
        });
        assert_eq!(failure.kind, FailureKind::Unsupported);
        let remote = RemoteError::from(failure.clone());
        assert_eq!(ComputeFailure::from_remote(&remote), Some(failure));
        assert_eq!(
            ComputeFailure::from_remote(&RemoteError::new("Panic", "x")),
            None
        );
    }

    #[test]
    fn causes_are_told() {
        let error = VirtError::Backend {
            driver: "x",
            operation: "spawn",
            guest: None,
            transient: false,
            source: std::io::Error::other("disk full").into(),
        };
        assert_eq!(chain(&error), "the x driver could not spawn: disk full");
    }
}
