//! What can go wrong with a message, and what its sender may do about it.

use std::borrow::Cow;

use nova_core::{BoxError, Timestamp};

use crate::payload::PayloadError;
use crate::remote_error::RemoteError;
use crate::target::Target;
use crate::version::Version;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a transport or of a typed call.
///
/// Variants differ in what the sender may do: see [`may_have_run`](Self::may_have_run) and
/// [`retryable`](Self::retryable). `Display` never repeats a source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The message was not accepted, or was given back before anything was done with it.
    #[error("{method} was not sent to {target}")]
    NotSent {
        /// Where it was to go.
        target: Target,
        /// The method, or a notification's event type.
        method: Cow<'static, str>,
        /// Whether the same message may be accepted when it is tried again.
        transient: bool,
        /// Why.
        #[source]
        source: BoxError,
    },

    /// The transport knows that nobody listens there.
    #[error("{method} cannot reach {target}: nobody listens there")]
    Unreachable {
        /// Where it was to go.
        target: Target,
        /// The method.
        method: Cow<'static, str>,
    },

    /// The deadline passed.
    #[error("{method} to {target} was not answered by {deadline}")]
    TimedOut {
        /// Where it went.
        target: Target,
        /// The method, or a notification's event type.
        method: Cow<'static, str>,
        /// The deadline.
        deadline: Timestamp,
        /// False where the transport knows that the work was never begun and will not be.
        may_have_run: bool,
    },

    /// The request was accepted, and its answer is lost: the server went down over it, or the
    /// connection did. It may have run in part, or run to its end.
    #[error("{method} was accepted by {target} and its answer is lost")]
    NoReply {
        /// Where it went.
        target: Target,
        /// The method.
        method: Cow<'static, str>,
    },

    /// The method was run, or refused, by the server, and failed there.
    #[error(transparent)]
    Remote(RemoteError),

    /// The method was run, and what it answered is not the reply that was expected.
    #[error("the reply of {target} to {method} cannot be read")]
    UnreadableReply {
        /// Who answered.
        target: Target,
        /// The method.
        method: Cow<'static, str>,
        /// What is wrong with the reply.
        #[source]
        source: PayloadError,
    },

    /// The call is newer than the version that the client is pinned to. Nothing was sent.
    #[error("{method} needs version {version}, and the client is pinned to {pin}")]
    VersionCap {
        /// The method.
        method: Cow<'static, str>,
        /// The version that it needs.
        version: Version,
        /// The version that the client may use.
        pin: Version,
    },

    /// A message of this kind cannot go there. Nothing was sent.
    #[error("{target} cannot be used: {reason}")]
    InvalidTarget {
        /// Where it was to go.
        target: Target,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// The transport cannot do this at all; its capabilities say so. Nothing was sent.
    #[error("the {transport} transport cannot {operation}")]
    Unsupported {
        /// The transport.
        transport: &'static str,
        /// What it was to do.
        operation: &'static str,
    },

    /// The transport failed at something else than one message, such as listening.
    #[error("the {transport} transport could not {operation}")]
    Transport {
        /// The transport.
        transport: &'static str,
        /// What it was to do.
        operation: &'static str,
        /// Whether the same operation may succeed when it is tried again.
        transient: bool,
        /// What was wrong.
        #[source]
        source: BoxError,
    },
}

impl Error {
    /// Whether the request may have had an effect, in part or in whole.
    ///
    /// A caller that gets `true` and wants to try again does so under the same
    /// [`IdempotencyKey`](crate::IdempotencyKey), or looks first.
    pub fn may_have_run(&self) -> bool {
        match self {
            Self::TimedOut { may_have_run, .. } => *may_have_run,
            Self::NoReply { .. } | Self::Remote(_) | Self::UnreadableReply { .. } => true,
            Self::NotSent { .. }
            | Self::Unreachable { .. }
            | Self::VersionCap { .. }
            | Self::InvalidTarget { .. }
            | Self::Unsupported { .. }
            | Self::Transport { .. } => false,
        }
    }

    /// Whether the same message, sent again as it is, may succeed, and cannot take effect twice.
    pub fn retryable(&self) -> bool {
        match self {
            Self::NotSent { transient, .. } | Self::Transport { transient, .. } => *transient,
            Self::Unreachable { .. } => true,
            Self::TimedOut { may_have_run, .. } => !may_have_run,
            Self::NoReply { .. }
            | Self::Remote(_)
            | Self::UnreadableReply { .. }
            | Self::VersionCap { .. }
            | Self::InvalidTarget { .. }
            | Self::Unsupported { .. } => false,
        }
    }

    /// The failure on the other side, if it is one.
    pub fn as_remote(&self) -> Option<&RemoteError> {
        match self {
            Self::Remote(remote) => Some(remote),
            _ => None,
        }
    }
}
