//! What can be wrong with a configuration, and the broker's errors in the crate's terms.

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use nova_core::BoxError;

use crate::error::Error;

/// What is wrong with an [`AmqpConfig`](super::AmqpConfig).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmqpConfigError {
    /// The URL cannot be used.
    #[error("the URL of the broker cannot be used: {reason}")]
    InvalidUrl {
        /// What is wrong with it. It never quotes the URL.
        reason: &'static str,
    },
    /// The URL asks for TLS, and this build has none. It is never connected to in plain text.
    #[error("the URL of the broker asks for TLS, which this build does not have")]
    TlsUnavailable,
    /// A setting cannot be used.
    #[error("the setting {setting} cannot be used: {reason}")]
    InvalidSetting {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The name of the transport.
pub(super) const NAME: &str = "amqp";

/// The transport was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transport is closed")]
pub(super) struct Closed;

/// The transport could not do this.
pub(super) fn failed(
    operation: &'static str,
    transient: bool,
    source: impl Into<BoxError>,
) -> Error {
    Error::Transport {
        transport: NAME,
        operation,
        transient,
        source: source.into(),
    }
}

/// The same for an error of the broker or of the way to it.
pub(super) fn broker_failed(operation: &'static str, error: lapin::Error) -> Error {
    failed(operation, is_transient(&error), error)
}

/// Whether the same may succeed later without anybody's doing.
pub(super) fn is_transient(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(error) => !matches!(
            error.kind(),
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED | AMQPSoftError::PRECONDITIONFAILED)
                | AMQPErrorKind::Hard(
                    AMQPHardError::NOTALLOWED
                        | AMQPHardError::NOTIMPLEMENTED
                        | AMQPHardError::INVALIDPATH
                )
        ),
        ErrorKind::InvalidProtocolVersion(_)
        | ErrorKind::AuthProviderError(_)
        | ErrorKind::NoDefaultRuntime
        | ErrorKind::SerialisationError(_) => false,
        _ => true,
    }
}

/// Whether the broker said that there is no such exchange or queue.
pub(super) fn is_not_found(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error)
        if matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)))
}
