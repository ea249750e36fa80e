//! What can go wrong in the kit, and what a caller may do about it.

use nova_core::id::{HostName, ServerId};
use nova_core::state::Operation;
use nova_core::{BoxError, ObjectKind};
use nova_rpc::Stopped;
use nova_virt::image::ImageError;

/// The result of the kit's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the kit.
///
/// `Display` is fit for the users of a cloud. Causes are in `source` and in the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bad input, a thing that is not there, a state that refuses, or the store.
    #[error(transparent)]
    Core(#[from] nova_core::Error),

    /// Only an administrator may do this.
    #[error("only an administrator may do this")]
    Forbidden,

    /// The server's host cannot do this; nothing was changed.
    #[error("the host of server {server} cannot {operation} servers")]
    Unsupported {
        /// The server.
        server: ServerId,
        /// Its host, which is for administrators.
        host: HostName,
        /// What was asked.
        operation: Operation,
    },

    /// A server was deleted while its host did not answer, so its guest may still be there.
    #[error("server {server} was deleted without host {host}, which may still have its guest")]
    GuestMayRemain {
        /// The server.
        server: ServerId,
        /// The host.
        host: HostName,
    },

    /// The server is on no host yet, or no longer.
    #[error("server {server} is on no host")]
    NoHost {
        /// The server.
        server: ServerId,
    },

    /// Another role could not be asked, or did not answer.
    #[error("the {role} could not {operation}")]
    Role {
        /// Which role.
        role: &'static str,
        /// What it was asked.
        operation: &'static str,
        /// Whether the same call may succeed when it is tried again.
        transient: bool,
        /// What went wrong.
        #[source]
        source: BoxError,
    },

    /// The image service failed.
    #[error("the image service failed")]
    Images(#[source] ImageError),

    /// A role was put together wrongly.
    #[error("invalid configuration: {reason}")]
    Configuration {
        /// What is wrong with it.
        reason: String,
    },

    /// A role that was stopped had to give up work that was under way.
    #[error("the {role} stopped in the middle of its work")]
    GivenUp {
        /// Which role.
        role: &'static str,
    },

    /// What was waited for did not come about in time.
    #[error("server {server} is not as waited for after {waited_ms} ms")]
    NotInTime {
        /// The server.
        server: ServerId,
        /// How long it was waited for, in milliseconds.
        waited_ms: u128,
    },
}

impl Error {
    /// Whether the same call, unchanged, may succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Core(error) => error.retryable(),
            Self::Role { transient, .. } => *transient,
            Self::NoHost { .. } | Self::NotInTime { .. } | Self::GuestMayRemain { .. } => true,
            Self::Forbidden
            | Self::Unsupported { .. }
            | Self::Images(_)
            | Self::Configuration { .. }
            | Self::GivenUp { .. } => false,
        }
    }

    /// Whether the thing that was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Core(error) if error.is_not_found())
    }

    pub(crate) fn configuration(reason: impl Into<String>) -> Self {
        Self::Configuration {
            reason: reason.into(),
        }
    }

    pub(crate) fn unless_drained(role: &'static str, stopped: Stopped) -> Result<()> {
        match stopped {
            Stopped::Drained => Ok(()),
            Stopped::Aborted => Err(Self::GivenUp { role }),
        }
    }

    pub(crate) fn role(
        role: &'static str,
        operation: &'static str,
    ) -> impl FnOnce(nova_rpc::Error) -> Self {
        move |error| Self::Role {
            role,
            operation,
            transient: error.retryable(),
            source: Box::new(error),
        }
    }
}

impl From<ImageError> for Error {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::NotFound { image } => {
                Self::Core(nova_core::Error::not_found(ObjectKind::Image, image))
            }
            other => Self::Images(other),
        }
    }
}
