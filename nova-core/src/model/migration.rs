//! Moves of servers from host to host, and changes of their size.

use serde::{Deserialize, Serialize};

use super::{Flavor, Generation};
use crate::env::Timestamp;
use crate::id::{HostName, MigrationId, ProjectId, RequestId, ServerId, UserId};
use crate::text_enum::text_enum;
use crate::units::Bytes;

text_enum! {
    /// Why a server moves, by the texts of Nova's `migration_type`.
    pub enum MigrationKind: "migration kind" {
        /// To another host while it is off, at the same size: a cold migration.
        Migration = "migration",
        /// To another size, on another host or the same.
        Resize = "resize",
        /// To another host while it runs.
        LiveMigration = "live-migration",
        /// Away from a host that failed.
        Evacuation = "evacuation",
    }
}

text_enum! {
    /// How far a migration is, by the texts of Nova's `status`.
    pub enum MigrationStatus: "migration status" {
        /// Live: it waits until the source host has a slot for it.
        Queued = "queued",
        /// It was admitted; no host works on it yet.
        Accepted = "accepted",
        /// Live: the hosts prepare for it.
        Preparing = "preparing",
        /// Live: memory and disks are sent.
        Running = "running",
        /// The destination prepares for it.
        PreMigrating = "pre-migrating",
        /// The disks are moved.
        Migrating = "migrating",
        /// The source is done, the destination is not.
        PostMigrating = "post-migrating",
        /// The server is at its new place or size and waits to be confirmed or reverted.
        Finished = "finished",
        /// It is being confirmed.
        Confirming = "confirming",
        /// It was confirmed: what was kept for going back is gone.
        Confirmed = "confirmed",
        /// The server is being brought back.
        Reverting = "reverting",
        /// The server was brought back.
        Reverted = "reverted",
        /// Evacuation: the server runs elsewhere; what is left on the failed host is to be removed.
        Done = "done",
        /// It ended well.
        Completed = "completed",
        /// It was cancelled or aborted.
        Cancelled = "cancelled",
        /// It failed, and the server is as it was.
        Failed = "failed",
        /// It failed on the way.
        Error = "error",
    }
}

impl MigrationStatus {
    /// Whether the migration has ended. It may still go on to another status that says so, as
    /// from [`Done`](Self::Done) to [`Completed`](Self::Completed), but to no other.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Confirmed
            | Self::Reverted
            | Self::Done
            | Self::Completed
            | Self::Cancelled
            | Self::Failed
            | Self::Error => true,
            Self::Queued
            | Self::Accepted
            | Self::Preparing
            | Self::Running
            | Self::PreMigrating
            | Self::Migrating
            | Self::PostMigrating
            | Self::Finished
            | Self::Confirming
            | Self::Reverting => false,
        }
    }

    /// Whether the migration has not ended. A [`Finished`](Self::Finished) one has not: it waits
    /// for the user.
    pub const fn in_progress(self) -> bool {
        !self.is_terminal()
    }

    /// Whether a migration of this status may be written with that one.
    pub const fn can_become(self, next: Self) -> bool {
        self.in_progress() || next.is_terminal()
    }
}

/// How much of one thing was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// How much there is.
    pub total: Bytes,
    /// How much was sent. It may be more than there is: memory that is written to is sent again.
    pub processed: Bytes,
    /// How much is still to be sent.
    pub remaining: Bytes,
}

/// How far a live migration is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigrationProgress {
    /// The guest's memory.
    pub memory: Transfer,
    /// The disks that are copied; nothing where they are shared.
    pub disk: Transfer,
}

/// What is needed to begin a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMigration {
    /// Its id, chosen by whoever creates it.
    pub id: MigrationId,
    /// The server that moves.
    pub server_id: ServerId,
    /// Why.
    pub kind: MigrationKind,
    /// Where the server is.
    pub source_host: HostName,
    /// Where it goes; `None` until the scheduler has chosen.
    pub dest_host: Option<HostName>,
    /// Its size before; `None` where it does not matter.
    pub old_flavor: Option<Flavor>,
    /// Its size afterwards; `None` where it does not matter.
    pub new_flavor: Option<Flavor>,
    /// The request that asked for it.
    pub request_id: RequestId,
    /// Who asked: not always the server's owner.
    pub user_id: UserId,
    /// For which project.
    pub project_id: ProjectId,
}

/// A migration as the store keeps it. Begin one with [`begin`](Self::begin).
///
/// ```
/// use nova_core::Env;
/// use nova_core::id::{MigrationId, RequestId, ServerId};
/// use nova_core::model::{Migration, MigrationKind, MigrationStatus, NewMigration};
///
/// let env = Env::system();
/// let new = NewMigration {
///     id: MigrationId::generate(&env),
///     server_id: ServerId::generate(&env),
///     kind: MigrationKind::LiveMigration,
///     source_host: "node-1".parse()?,
///     dest_host: None,
///     old_flavor: None,
///     new_flavor: None,
///     request_id: RequestId::generate(&env),
///     user_id: "admin".parse()?,
///     project_id: "operations".parse()?,
/// };
/// let migration = Migration::begin(new, env.now());
/// assert_eq!(migration.status, MigrationStatus::Accepted);
/// assert!(migration.status.in_progress());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Migration {
    /// Its id.
    pub id: MigrationId,
    /// The server that moves.
    pub server_id: ServerId,
    /// Why.
    pub kind: MigrationKind,
    /// How far it is.
    pub status: MigrationStatus,
    /// Where the server was.
    pub source_host: HostName,
    /// Where it goes; `None` until the scheduler has chosen.
    pub dest_host: Option<HostName>,
    /// The server's size before.
    pub old_flavor: Option<Flavor>,
    /// The server's size afterwards.
    pub new_flavor: Option<Flavor>,
    /// The request that asked for it.
    pub request_id: RequestId,
    /// Who asked.
    pub user_id: UserId,
    /// For which project.
    pub project_id: ProjectId,
    /// How far a live migration is; `None` before anything was sent.
    pub progress: Option<MigrationProgress>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// How often it was written.
    pub generation: Generation,
}

impl Migration {
    /// The migration as it begins: accepted.
    pub fn begin(new: NewMigration, now: Timestamp) -> Self {
        Self {
            id: new.id,
            server_id: new.server_id,
            kind: new.kind,
            status: MigrationStatus::Accepted,
            source_host: new.source_host,
            dest_host: new.dest_host,
            old_flavor: new.old_flavor,
            new_flavor: new.new_flavor,
            request_id: new.request_id,
            user_id: new.user_id,
            project_id: new.project_id,
            progress: None,
            created_at: now,
            updated_at: now,
            generation: Generation::FIRST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_migration_stays_ended() {
        for from in MigrationStatus::ALL {
            assert_ne!(from.is_terminal(), from.in_progress());
            for to in MigrationStatus::ALL {
                assert_eq!(
                    from.can_become(*to),
                    from.in_progress() || to.is_terminal(),
                    "{from} to {to}"
                );
            }
        }
        let ended: Vec<&str> = MigrationStatus::ALL
            .iter()
            .filter(|status| status.is_terminal())
            .map(|status| status.as_str())
            .collect();
        assert_eq!(
            ended,
            [
                "confirmed",
                "reverted",
                "done",
                "completed",
                "cancelled",
                "failed",
                "error"
            ]
        );
    }

    #[test]
    fn unknown_texts_are_refused() {
        assert!("live_migration".parse::<MigrationKind>().is_err());
        assert!("Finished".parse::<MigrationStatus>().is_err());
        let json = r#"{"memory": {"total": 1, "processed": 1, "remaining": -1}, "disk": {}}"#;
        assert!(serde_json::from_str::<MigrationProgress>(json).is_err());
    }
}
