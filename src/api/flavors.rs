//! Flavors.

use nova_core::RequestContext;
use nova_core::id::FlavorId;
use nova_core::model::Flavor;
use nova_core::repository::{Page, PageRequest};

use super::Api;
use super::access::administrators_only;
use crate::error::Result;

impl Api {
    /// Adds a flavor. For administrators.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden); [`Error::Core`](crate::Error::Core): its id
    /// is taken.
    pub async fn flavor_create(&self, context: &RequestContext, flavor: &Flavor) -> Result<()> {
        administrators_only(context)?;
        Ok(self.store.flavors().flavor_create(flavor).await?)
    }

    /// A page of the flavors, by id.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) of the store.
    pub async fn flavor_list(
        &self,
        _context: &RequestContext,
        page: &PageRequest<FlavorId>,
    ) -> Result<Page<Flavor, FlavorId>> {
        Ok(self.store.flavors().flavor_list(page).await?)
    }

    /// Removes a flavor; servers keep their copies. For administrators. Returns whether it was
    /// there.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden).
    pub async fn flavor_delete(&self, context: &RequestContext, id: &FlavorId) -> Result<bool> {
        administrators_only(context)?;
        Ok(self.store.flavors().flavor_delete(id).await?)
    }
}
