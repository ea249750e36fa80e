//! The repository of migrations.

use std::collections::BTreeSet;
use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{HostName, MigrationId, ProjectId, ServerId};
use crate::model::{Migration, MigrationKind, MigrationStatus};

/// Which migrations a list is of. Every condition that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationFilter {
    /// Of this server.
    pub server: Option<ServerId>,
    /// From this host or to it.
    pub host: Option<HostName>,
    /// In one of these statuses.
    pub statuses: Option<BTreeSet<MigrationStatus>>,
    /// Of this kind.
    pub kind: Option<MigrationKind>,
    /// Only those that [have not ended](MigrationStatus::in_progress).
    pub in_progress: bool,
    /// Asked for in this project.
    pub project: Option<ProjectId>,
    /// Last written at this time or later ([`Migration::updated_at`]).
    pub changed_since: Option<Timestamp>,
}

/// Keeps migrations. They outlive a soft deletion of their server and go when it is purged.
///
/// A server has at most one migration that has not ended, whatever happens at the same time.
#[async_trait]
pub trait MigrationRepository: Debug + Send + Sync {
    /// Adds a migration. Its status and generation are kept as they are given.
    ///
    /// # Errors
    /// In this order: [`AlreadyExists`](crate::Error::AlreadyExists) if its id is taken;
    /// [`NotFound`](crate::Error::NotFound) if its server is not there;
    /// [`InUse`](crate::Error::InUse), of the server, if it has not ended and another of the
    /// server has not either.
    async fn migration_create(&self, migration: &Migration) -> Result<()>;

    /// The migration with this id.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn migration_get(&self, id: MigrationId) -> Result<Migration>;

    /// Writes the whole migration if the store still holds `migration.generation`, and returns it
    /// with the generation after that.
    ///
    /// `id`, `server_id`, `kind`, `request_id`, `user_id`, `project_id` and `created_at` never
    /// change: a difference in them is ignored, and what is returned has those of the store.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound); [`Stale`](crate::Error::Stale) if it
    /// was written since; [`Invalid`](crate::Error::Invalid) if it has ended and would begin
    /// again ([`MigrationStatus::can_become`]).
    async fn migration_update(&self, migration: &Migration) -> Result<Migration>;

    /// A page of the migrations that the filter lets through, ordered by creation time and then
    /// id, oldest first.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if the marker's migration is not there. It need not
    /// pass the filter.
    async fn migration_list(
        &self,
        filter: &MigrationFilter,
        page: &PageRequest<MigrationId>,
    ) -> Result<Page<Migration, MigrationId>>;
}

/// What a store that holds `held` writes for an update with `new`.
pub(super) fn updated(held: &Migration, new: &Migration) -> Result<Migration> {
    if held.generation != new.generation {
        return Err(Error::stale(ObjectKind::Migration, new.id, new.generation));
    }
    if !held.status.can_become(new.status) {
        return Err(Error::invalid(
            "migration status",
            format!("it is {} and cannot become {}", held.status, new.status),
        ));
    }
    Ok(Migration {
        id: held.id,
        server_id: held.server_id,
        kind: held.kind,
        request_id: held.request_id.clone(),
        user_id: held.user_id.clone(),
        project_id: held.project_id.clone(),
        created_at: held.created_at,
        generation: held.generation.next(),
        ..new.clone()
    })
}

/// Why a server cannot have a migration.
pub(super) fn has_another(server: ServerId) -> Error {
    let by = "another migration of it has not ended";
    Error::in_use(ObjectKind::Server, server, by)
}
