//! What can go wrong with qemu itself.

use std::path::PathBuf;
use std::time::Duration;

use nova_core::BoxError;

use super::qmp::QmpError;
use crate::error::Error;
use crate::guest::GuestId;
use crate::host::{self, HostError};

/// The driver's name.
pub(super) const DRIVER: &str = "qemu";

/// What went wrong below the driver: the source of the [`Backend`](Error::Backend) errors that it
/// gives.
///
/// ```
/// use nova_virt::qemu::{QemuConfig, QemuError, QemuHypervisor};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let config = QemuConfig::new("/nowhere").with_qemu("no-such-qemu");
/// let error = QemuHypervisor::detect(&config).await.unwrap_err();
/// assert!(matches!(error, QemuError::NotInstalled { .. }));
/// println!("{error}. {}", error.hint().unwrap_or_default());
/// # });
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QemuError {
    /// A program is not on this machine, or not in `PATH`.
    #[error("{} is not installed", program.display())]
    NotInstalled {
        /// The program.
        program: PathBuf,
    },

    /// A program did not say which version it has.
    #[error("{} does not tell its version", program.display())]
    UnknownVersion {
        /// The program.
        program: PathBuf,
    },

    /// KVM was asked for and cannot be used by this process.
    #[error("/dev/kvm cannot be used")]
    NoKvm(#[source] std::io::Error),

    /// Another driver works in this directory.
    #[error("{} is in use by another driver", root.display())]
    RootInUse {
        /// The directory.
        root: PathBuf,
    },

    /// The directory is not one to keep guests in.
    #[error("{} {reason}", root.display())]
    UnsafeRoot {
        /// The directory.
        root: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A program ended with a failure.
    #[error("{program} failed: {output}")]
    ProgramFailed {
        /// The program.
        program: &'static str,
        /// The end of what it said, bounded.
        output: String,
    },

    /// A program did not end in time and was killed.
    #[error("{program} did not end within {} ms", after.as_millis())]
    ProgramTimedOut {
        /// The program.
        program: &'static str,
        /// How long it was waited for.
        after: Duration,
    },

    /// The guest's qemu does not end, although it was killed.
    #[error("the guest's qemu (process {pid}) does not end")]
    Unkillable {
        /// The process.
        pid: i32,
    },

    /// What the driver recorded of a guest cannot be read.
    #[error("{} is damaged", file.display())]
    DamagedRecord {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },

    /// The guest's qemu could not be spoken with.
    #[error("the guest's qemu could not be spoken with")]
    Monitor(#[from] QmpError),

    /// The operating system refused something.
    #[error("could not {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },

    /// The task that did the work ended before it was done: the runtime is being shut down.
    #[error("the work was cut off")]
    CutOff,
}

/// Where the programs come from.
const HINT: &str = "install QEMU, for example with `apt install qemu-system-x86 qemu-utils` or \
    `dnf install qemu-system-x86-core qemu-img`";

impl QemuError {
    /// What people can do about it, as a sentence to print; `None` where that depends.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotInstalled { .. } => Some(HINT),
            Self::NoKvm(_) => {
                Some("use Accelerator::Tcg, or let this user open /dev/kvm (group kvm)")
            }
            Self::RootInUse { .. } => Some("end the other process, or choose another directory"),
            Self::UnsafeRoot { .. } => Some("choose a directory that belongs to this user alone"),
            _ => None,
        }
    }

    /// For `map_err`.
    pub(super) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what, source }
    }

    /// Whether the same call may succeed later, with nothing changed by hand.
    fn transient(&self) -> bool {
        match self {
            Self::RootInUse { .. }
            | Self::ProgramTimedOut { .. }
            | Self::Unkillable { .. }
            | Self::CutOff => true,
            Self::Monitor(error) => error.transient(),
            Self::Io { source, .. } => host::transient(source.kind()),
            Self::NotInstalled { .. }
            | Self::UnknownVersion { .. }
            | Self::NoKvm(_)
            | Self::UnsafeRoot { .. }
            | Self::ProgramFailed { .. }
            | Self::DamagedRecord { .. } => false,
        }
    }

    /// The driver's error for it.
    pub(super) fn during(self, operation: &'static str, guest: Option<GuestId>) -> Error {
        let after = match &self {
            Self::ProgramTimedOut { after, .. } => Some(*after),
            Self::Monitor(QmpError::TimedOut { after, .. }) => Some(*after),
            _ => None,
        };
        match (guest, after) {
            (Some(guest), Some(after)) => Error::TimedOut {
                driver: DRIVER,
                operation,
                guest,
                after,
            },
            _ => Error::Backend {
                driver: DRIVER,
                operation,
                guest,
                transient: self.transient(),
                source: Box::new(self),
            },
        }
    }
}

impl From<HostError> for QemuError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::NotInstalled { program } => Self::NotInstalled { program },
            HostError::ProgramFailed { program, output } => Self::ProgramFailed { program, output },
            HostError::ProgramTimedOut { program, after } => {
                Self::ProgramTimedOut { program, after }
            }
            HostError::Unkillable { pid } => Self::Unkillable { pid },
            HostError::DirectoryInUse { directory } => Self::RootInUse { root: directory },
            HostError::DamagedRecord { file, source } => Self::DamagedRecord { file, source },
            HostError::Io { what, source } => Self::Io { what, source },
            HostError::CutOff => Self::CutOff,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_how_to_get_it() {
        let error = QemuError::from(HostError::NotInstalled {
            program: "no-such-program".into(),
        });
        assert_eq!(error.to_string(), "no-such-program is not installed");
        assert!(error.hint().unwrap().contains("apt install"));
    }
}
