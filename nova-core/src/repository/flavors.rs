//! The repository of flavors.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::error::Result;
use crate::id::{FlavorId, ProjectId};
use crate::model::Flavor;
use crate::units::{Gibibytes, Mebibytes};

/// Which flavors a list is of. Every condition that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlavorFilter {
    /// That this project may use: the public ones and those whose access list it is on.
    pub project: Option<ProjectId>,
    /// Public (`true`) or not (`false`).
    pub public: Option<bool>,
    /// With at least so many processors.
    pub min_vcpus: u32,
    /// With at least so much memory (Nova's `minRam`).
    pub min_memory: Mebibytes,
    /// With at least so large a root disk (Nova's `minDisk`).
    pub min_root_disk: Gibibytes,
}

/// Keeps flavors, and who may use those that are not public. Flavors are created and deleted, never
/// changed: servers hold copies.
#[async_trait]
pub trait FlavorRepository: Debug + Send + Sync {
    /// Adds a flavor.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if its id is taken.
    async fn flavor_create(&self, flavor: &Flavor) -> Result<()>;

    /// The flavor with this id, whoever may use it.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn flavor_get(&self, id: &FlavorId) -> Result<Flavor>;

    /// A page of the flavors that the filter lets through, by id.
    async fn flavor_list(
        &self,
        filter: &FlavorFilter,
        page: &PageRequest<FlavorId>,
    ) -> Result<Page<Flavor, FlavorId>>;

    /// Removes a flavor with its access list. Returns whether it was there.
    async fn flavor_delete(&self, id: &FlavorId) -> Result<bool>;

    /// Puts a project on the flavor's access list. Returns whether it was not on it before.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound) of the flavor;
    /// [`Invalid`](crate::Error::Invalid) if the flavor is public.
    async fn flavor_access_add(&self, id: &FlavorId, project: &ProjectId) -> Result<bool>;

    /// Takes a project off the flavor's access list. Returns whether it was on it.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) of the flavor.
    async fn flavor_access_remove(&self, id: &FlavorId, project: &ProjectId) -> Result<bool>;

    /// A page of the flavor's access list, by project; that of a public flavor is empty.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) of the flavor.
    async fn flavor_access_list(
        &self,
        id: &FlavorId,
        page: &PageRequest<ProjectId>,
    ) -> Result<Page<ProjectId, ProjectId>>;

    /// Whether the project may use the flavor: it is public, or the project is on its access list.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) of the flavor.
    async fn flavor_access_check(&self, id: &FlavorId, project: &ProjectId) -> Result<bool>;
}
