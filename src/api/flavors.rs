//! Flavors.

use nova_core::id::FlavorId;
use nova_core::model::Flavor;
use nova_core::repository::{FlavorFilter, Page, PageRequest};
use nova_core::{Error as CoreError, ObjectKind, RequestContext};

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

    /// A page of the flavors that the caller's project may use, by id; of all, for administrators.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) of the store.
    pub async fn flavor_list(
        &self,
        context: &RequestContext,
        page: &PageRequest<FlavorId>,
    ) -> Result<Page<Flavor, FlavorId>> {
        let filter = FlavorFilter {
            project: (!context.is_admin).then(|| context.project_id.clone()),
            ..FlavorFilter::default()
        };
        Ok(self.store.flavors().flavor_list(&filter, page).await?)
    }

    /// The flavor, if the caller may use it.
    pub(super) async fn usable_flavor(
        &self,
        context: &RequestContext,
        id: &FlavorId,
    ) -> Result<Flavor> {
        let (flavors, project) = (self.store.flavors(), &context.project_id);
        let flavor = flavors.flavor_get(id).await?;
        if flavor.is_public()
            || context.is_admin
            || flavors.flavor_access_check(id, project).await?
        {
            return Ok(flavor);
        }
        // The same answer as for a flavor that never was.
        Err(CoreError::not_found(ObjectKind::Flavor, id).into())
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
