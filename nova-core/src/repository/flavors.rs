//! The repository of flavors.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::error::Result;
use crate::id::FlavorId;
use crate::model::Flavor;

/// Keeps flavors. They are created and deleted, never changed: servers hold copies.
#[async_trait]
pub trait FlavorRepository: Debug + Send + Sync {
    /// Adds a flavor.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if its id is taken.
    async fn flavor_create(&self, flavor: &Flavor) -> Result<()>;

    /// The flavor with this id.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn flavor_get(&self, id: &FlavorId) -> Result<Flavor>;

    /// A page of the flavors, by id.
    async fn flavor_list(&self, page: &PageRequest<FlavorId>) -> Result<Page<Flavor, FlavorId>>;

    /// Removes a flavor. Returns whether it was there.
    async fn flavor_delete(&self, id: &FlavorId) -> Result<bool>;
}
