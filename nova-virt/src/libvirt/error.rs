//! What can go wrong with libvirt itself.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use nova_core::BoxError;
use virt::enumutil::RawEnum;
use virt::error::ErrorNumber;

use crate::error::Error;
use crate::guest::GuestId;
use crate::host::{self, HostError};

/// The driver's name.
pub(super) const DRIVER: &str = "libvirt";

/// What went wrong below the driver: the source of the [`Backend`](Error::Backend) errors that it
/// gives.
///
/// ```
/// use nova_virt::Error;
/// use nova_virt::libvirt::{LibvirtConfig, LibvirtError, LibvirtHypervisor};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let config = LibvirtConfig::new("qemu+ssh://elsewhere/system", "/nowhere");
/// let error = LibvirtHypervisor::open(config).await.unwrap_err();
/// let Error::Backend { source, .. } = error else { panic!() };
/// let source: Box<LibvirtError> = source.downcast().unwrap();
/// assert!(matches!(*source, LibvirtError::BadUri { .. }));
/// println!("{source}. {}", source.hint().unwrap_or_default());
/// # });
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibvirtError {
    /// A program is not on this machine, or not in `PATH`.
    #[error("{} is not installed", program.display())]
    NotInstalled {
        /// The program.
        program: PathBuf,
    },

    /// The URI is not one of this machine's libvirt with its QEMU driver.
    #[error("the libvirt URI {reason}")]
    BadUri {
        /// What is wrong with it.
        reason: &'static str,
    },

    /// KVM was asked for, and libvirt cannot use it.
    #[error("libvirt offers no KVM: {message}")]
    NoKvm {
        /// What libvirt said.
        message: String,
    },

    /// Another driver works in this directory.
    #[error("{} is in use by another driver", directory.display())]
    DirectoryInUse {
        /// The directory.
        directory: PathBuf,
    },

    /// The directory is not one to keep guests in.
    #[error("{} {reason}", directory.display())]
    UnsafeDirectory {
        /// The directory.
        directory: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// libvirt refused something, or failed.
    #[error("libvirt could not {what}: {message}")]
    Refused {
        /// What was asked of it.
        what: &'static str,
        /// Its number for the failure (`virErrorNumber`).
        code: u32,
        /// What it said, bounded.
        message: String,
    },

    /// libvirt did not answer in time. It may still do what it was asked for.
    #[error("libvirt did not {what} within {} ms", after.as_millis())]
    TimedOut {
        /// What was asked of it.
        what: &'static str,
        /// How long it was waited for.
        after: Duration,
    },

    /// A program ended with a failure.
    #[error("{program} failed: {output}")]
    ProgramFailed {
        /// The program.
        program: &'static str,
        /// What it said, bounded.
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

    /// A program that was making a guest's disk does not end, although it was killed.
    #[error("a program that was making a disk (process {pid}) does not end")]
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

    /// The domain's description could not be written.
    #[error("the domain could not be described")]
    Description(#[source] BoxError),

    /// The operating system refused something.
    #[error("could not {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },

    /// The task that did the work ended before it was done: the runtime is being shut down.
    #[error("the work was cut off")]
    CutOff,
}

impl LibvirtError {
    /// What people can do about it, as a sentence to print; `None` where that depends.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotInstalled { .. } => Some(
                "install the tools for disk images, for example with `apt install qemu-utils` or \
                 `dnf install qemu-img`",
            ),
            Self::BadUri { .. } => Some("use qemu:///system or qemu:///session"),
            Self::NoKvm { .. } => {
                Some("use DomainType::Qemu, or see to it that libvirt can open /dev/kvm")
            }
            Self::DirectoryInUse { .. } => {
                Some("end the other process, or choose another directory")
            }
            Self::UnsafeDirectory { .. } => Some("choose a directory that belongs to this user"),
            Self::Refused { code, .. } if unreachable_libvirt(*code) => {
                Some("see to it that libvirtd runs, and that this user may connect to it")
            }
            _ => None,
        }
    }

    /// For `map_err`.
    pub(super) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }

    /// What libvirt said when it was asked for this.
    pub(super) fn refused(what: &'static str, error: &virt::error::Error) -> Self {
        Self::Refused {
            what,
            code: error.code().to_raw(),
            // It may quote all that a guest's qemu complained of.
            message: host::bounded(error.message()),
        }
    }

    /// Whether the same call may succeed later, with nothing changed by hand.
    fn transient(&self) -> bool {
        match self {
            Self::DirectoryInUse { .. }
            | Self::TimedOut { .. }
            | Self::ProgramTimedOut { .. }
            | Self::Unkillable { .. }
            | Self::CutOff => true,
            Self::Refused { code, .. } => unreachable_libvirt(*code) || busy(*code),
            Self::Io { source, .. } => host::transient(source.kind()),
            Self::NotInstalled { .. }
            | Self::BadUri { .. }
            | Self::NoKvm { .. }
            | Self::UnsafeDirectory { .. }
            | Self::ProgramFailed { .. }
            | Self::DamagedRecord { .. }
            | Self::Description(_) => false,
        }
    }

    /// The driver's error for it.
    pub(super) fn during(self, operation: &'static str, guest: Option<GuestId>) -> Error {
        let after = match &self {
            Self::TimedOut { after, .. } | Self::ProgramTimedOut { after, .. } => Some(*after),
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

/// Nobody answers, or nobody does any more.
fn unreachable_libvirt(code: u32) -> bool {
    [
        ErrorNumber::Rpc,
        ErrorNumber::NoConnect,
        ErrorNumber::InvalidConn,
        ErrorNumber::SystemError,
    ]
    .into_iter()
    .any(|number| number.to_raw() == code)
}

/// There is an answer, and it may be another one later.
fn busy(code: u32) -> bool {
    [
        ErrorNumber::OperationTimeout,
        ErrorNumber::OperationAborted,
        ErrorNumber::ResourceBusy,
        ErrorNumber::NoMemory,
    ]
    .into_iter()
    .any(|number| number.to_raw() == code)
}

impl From<HostError> for LibvirtError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::NotInstalled { program } => Self::NotInstalled { program },
            HostError::ProgramFailed { program, output } => Self::ProgramFailed { program, output },
            HostError::ProgramTimedOut { program, after } => {
                Self::ProgramTimedOut { program, after }
            }
            HostError::Unkillable { pid } => Self::Unkillable { pid },
            HostError::DirectoryInUse { directory } => Self::DirectoryInUse { directory },
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
        let error = LibvirtError::from(HostError::NotInstalled {
            program: "no-such-program".into(),
        });
        assert_eq!(error.to_string(), "no-such-program is not installed");
        assert!(error.hint().unwrap().contains("apt install"));
    }

    #[test]
    fn a_daemon_that_is_away_may_come_back() {
        let refused = |number: ErrorNumber| LibvirtError::Refused {
            what: "do it",
            code: number.to_raw(),
            message: String::new(),
        };
        assert!(refused(ErrorNumber::Rpc).transient());
        assert!(refused(ErrorNumber::Rpc).hint().is_some());
        assert!(refused(ErrorNumber::OperationTimeout).transient());
        assert!(!refused(ErrorNumber::XmlError).transient());
        assert!(refused(ErrorNumber::XmlError).hint().is_none());
    }
}
