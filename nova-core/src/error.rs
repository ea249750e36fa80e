//! What can go wrong in the core, and what a caller may do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{ProjectId, ServerId};
use crate::model::{Generation, QuotaResource, ResourceClass};
use crate::state::StateConflict;

/// A boxed error of a dependency, kept as a source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kinds of object that a store keeps, as named in errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ObjectKind {
    /// A server.
    Server,
    /// A flavor.
    Flavor,
    /// An image.
    Image,
    /// A compute host.
    Host,
    /// An allocation of resources.
    Allocation,
    /// A host aggregate.
    Aggregate,
    /// A server group.
    ServerGroup,
    /// A key pair.
    KeyPair,
    /// A cell.
    Cell,
    /// A migration.
    Migration,
    /// An action on a server.
    Action,
    /// A long operation.
    Operation,
    /// A block device mapping.
    BlockDevice,
    /// A network port.
    Port,
    /// A console token.
    ConsoleToken,
    /// A quota.
    Quota,
}

impl ObjectKind {
    /// The kind as it is written in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Flavor => "flavor",
            Self::Image => "image",
            Self::Host => "host",
            Self::Allocation => "allocation",
            Self::Aggregate => "aggregate",
            Self::ServerGroup => "server group",
            Self::KeyPair => "key pair",
            Self::Cell => "cell",
            Self::Migration => "migration",
            Self::Action => "action",
            Self::Operation => "operation",
            Self::BlockDevice => "block device",
            Self::Port => "port",
            Self::ConsoleToken => "console token",
            Self::Quota => "quota",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error of the core.
///
/// `Display` never repeats a source; whoever logs prints the chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value was refused before anything was done with it.
    #[error("invalid {field}: {reason}")]
    Invalid {
        /// The field at fault, as the caller knows it.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// There is no such object, or the caller may not know of it.
    #[error("{kind} {id} was not found")]
    NotFound {
        /// What was looked for.
        kind: ObjectKind,
        /// By which identifier.
        id: String,
    },

    /// An object with this identifier exists, and it is another one.
    #[error("{kind} {id} exists already")]
    AlreadyExists {
        /// What was to be created.
        kind: ObjectKind,
        /// Under which identifier.
        id: String,
    },

    /// The object changed since it was read: read it again and decide again.
    #[error("{kind} {id} changed since generation {expected}")]
    Stale {
        /// What was to be written.
        kind: ObjectKind,
        /// Its identifier.
        id: String,
        /// The generation that the writer had read.
        expected: Generation,
    },

    /// The server's state does not allow the operation.
    #[error("server {server}: {conflict}")]
    Conflict {
        /// The server.
        server: ServerId,
        /// The attribute that refuses it.
        conflict: StateConflict,
    },

    /// A host has not enough of a resource left; nothing was claimed.
    #[error("host {host} has {available} of {class} left, {requested} were asked for")]
    NoCapacity {
        /// The host that was asked.
        host: String,
        /// The first resource class that was short, in the order of [`ResourceClass`].
        class: ResourceClass,
        /// How many units were asked for.
        requested: u64,
        /// How many were left. Zero where the host does not offer the class at all.
        available: u64,
    },

    /// Something else still needs the object; nothing was changed.
    #[error("{kind} {id} is in use: {by}")]
    InUse {
        /// What was to be removed or changed.
        kind: ObjectKind,
        /// Its identifier.
        id: String,
        /// What needs it.
        by: String,
    },

    /// The project's quota does not allow it; nothing was charged.
    #[error(
        "quota of {project} exceeded: {used} of {limit} {resource} are used, {requested} more were asked for"
    )]
    QuotaExceeded {
        /// The project.
        project: ProjectId,
        /// The first resource that was short, in the order of [`QuotaResource`].
        resource: QuotaResource,
        /// How many may be used.
        limit: u64,
        /// How many are used.
        used: u64,
        /// How many more were asked for.
        requested: u64,
    },

    /// A bound on how many there may be was reached; nothing was added.
    #[error("{owner} may have no more than {limit} of the kind {kind}")]
    LimitExceeded {
        /// What was to be added.
        kind: ObjectKind,
        /// Who has it: a user's id, a server group's.
        owner: String,
        /// How many there may be.
        limit: u32,
    },

    /// The database failed.
    #[error("the {store} store could not {operation}")]
    Store {
        /// Which store.
        store: &'static str,
        /// What it was doing.
        operation: &'static str,
        /// Whether the same call may succeed when it is tried again.
        transient: bool,
        /// What the database said.
        #[source]
        source: BoxError,
    },
}

impl Error {
    /// An [`Error::Invalid`].
    pub fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            reason: reason.into(),
        }
    }

    /// An [`Error::NotFound`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an id is cheap, and often made for this call"
    )]
    pub fn not_found(kind: ObjectKind, id: impl ToString) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }

    /// An [`Error::AlreadyExists`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an id is cheap, and often made for this call"
    )]
    pub fn already_exists(kind: ObjectKind, id: impl ToString) -> Self {
        Self::AlreadyExists {
            kind,
            id: id.to_string(),
        }
    }

    /// An [`Error::Stale`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an id is cheap, and often made for this call"
    )]
    pub fn stale(kind: ObjectKind, id: impl ToString, expected: Generation) -> Self {
        Self::Stale {
            kind,
            id: id.to_string(),
            expected,
        }
    }

    /// An [`Error::InUse`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an id is cheap, and often made for this call"
    )]
    pub fn in_use(kind: ObjectKind, id: impl ToString, by: impl Into<String>) -> Self {
        Self::InUse {
            kind,
            id: id.to_string(),
            by: by.into(),
        }
    }

    /// An [`Error::LimitExceeded`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an id is cheap, and often made for this call"
    )]
    pub fn limit_exceeded(kind: ObjectKind, owner: impl ToString, limit: u32) -> Self {
        Self::LimitExceeded {
            kind,
            owner: owner.to_string(),
            limit,
        }
    }

    /// Whether the same call, unchanged, may succeed later.
    ///
    /// A [`Stale`](Self::Stale) write is not retryable in this sense: it must be decided again
    /// from what the store holds now.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Store { transient, .. } => *transient,
            Self::Invalid { .. }
            | Self::NotFound { .. }
            | Self::AlreadyExists { .. }
            | Self::Stale { .. }
            | Self::Conflict { .. }
            | Self::NoCapacity { .. }
            | Self::InUse { .. }
            | Self::QuotaExceeded { .. }
            | Self::LimitExceeded { .. } => false,
        }
    }

    /// Whether this is a lost race that reading again can settle.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Stale { .. })
    }

    /// Whether the object is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
