//! Flavors in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::FlavorId;
use crate::model::Flavor;
use crate::repository::{FlavorRepository, Page, PageRequest};

/// The table of flavors.
pub(super) type Flavors = BTreeMap<FlavorId, Flavor>;

#[async_trait]
impl FlavorRepository for MemoryStore {
    async fn flavor_create(&self, flavor: &Flavor) -> Result<()> {
        let mut tables = self.tables();
        if tables.flavors.contains_key(flavor.id()) {
            return Err(Error::AlreadyExists {
                kind: ObjectKind::Flavor,
                id: flavor.id().to_string(),
            });
        }
        tables.flavors.insert(flavor.id().clone(), flavor.clone());
        Ok(())
    }

    async fn flavor_get(&self, id: &FlavorId) -> Result<Flavor> {
        let found = self.tables().flavors.get(id).cloned();
        found.ok_or_else(|| Error::not_found(ObjectKind::Flavor, id))
    }

    async fn flavor_list(&self, page: &PageRequest<FlavorId>) -> Result<Page<Flavor, FlavorId>> {
        let tables = self.tables();
        let start = page.marker().map_or(Bound::Unbounded, Bound::Excluded);
        let after = tables
            .flavors
            .range::<FlavorId, _>((start, Bound::Unbounded));
        Ok(cut(
            after.map(|(_, flavor)| flavor),
            page.limit(),
            |flavor| flavor.id().clone(),
        ))
    }

    async fn flavor_delete(&self, id: &FlavorId) -> Result<bool> {
        Ok(self.tables().flavors.remove(id).is_some())
    }
}
