//! The repository of server groups.

use std::collections::BTreeSet;
use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::error::Result;
use crate::id::{ProjectId, ServerGroupId, ServerId};
use crate::model::ServerGroup;

/// Keeps server groups. Nothing but their members changes.
#[async_trait]
pub trait ServerGroupRepository: Debug + Send + Sync {
    /// Adds a group without members and charges its project
    /// [`ServerGroup::charge`](crate::model::ServerGroup::charge).
    ///
    /// # Errors
    /// In this order: [`Invalid`](crate::Error::Invalid) if it has members;
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if its id is taken;
    /// [`QuotaExceeded`](crate::Error::QuotaExceeded) if the project has as many groups as it may
    /// have.
    async fn server_group_create(&self, group: &ServerGroup) -> Result<()>;

    /// The group with this id.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn server_group_get(&self, id: ServerGroupId) -> Result<ServerGroup>;

    /// A page of a project's groups, or of all projects', by id.
    async fn server_group_list(
        &self,
        project: Option<&ProjectId>,
        page: &PageRequest<ServerGroupId>,
    ) -> Result<Page<ServerGroup, ServerGroupId>>;

    /// The group that the server is in. A server that is not there is in none.
    async fn server_group_of(&self, server: ServerId) -> Result<Option<ServerGroup>>;

    /// Puts servers into the group, all or none, and returns the group. Those that are in it
    /// already are no error and count once.
    ///
    /// With `max_members` the group has no more members afterwards than that (Nova's quota
    /// `server_group_members`), whoever adds some at the same time; a group that has as many or
    /// more already accepts a call that adds none. A member leaves the group when its server is
    /// purged.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound) of the group, then of the first server
    /// by id that is not there; [`InUse`](crate::Error::InUse) of the first server by id that is in
    /// another group; [`LimitExceeded`](crate::Error::LimitExceeded) of the kind
    /// [`Server`](crate::ObjectKind::Server), owned by the group.
    async fn server_group_add_members(
        &self,
        id: ServerGroupId,
        servers: &BTreeSet<ServerId>,
        max_members: Option<u32>,
    ) -> Result<ServerGroup>;

    /// Takes servers out of the group and returns it. Those that are not in it are no error.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) of the group.
    async fn server_group_remove_members(
        &self,
        id: ServerGroupId,
        servers: &BTreeSet<ServerId>,
    ) -> Result<ServerGroup>;

    /// Removes a group and takes its charge off; its servers stay, in no group. Returns whether it
    /// was there.
    async fn server_group_delete(&self, id: ServerGroupId) -> Result<bool>;
}
