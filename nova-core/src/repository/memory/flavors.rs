//! Flavors in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{FlavorId, ProjectId};
use crate::model::Flavor;
use crate::repository::{FlavorFilter, FlavorRepository, Page, PageRequest};

/// The table of flavors.
#[derive(Default)]
pub(super) struct Flavors {
    by_id: BTreeMap<FlavorId, Flavor>,
    public: BTreeSet<FlavorId>,
    access: BTreeMap<FlavorId, BTreeSet<ProjectId>>,
    of_project: BTreeMap<ProjectId, BTreeSet<FlavorId>>,
}

impl Flavors {
    fn get(&self, id: &FlavorId) -> Result<&Flavor> {
        self.by_id
            .get(id)
            .ok_or_else(|| Error::not_found(ObjectKind::Flavor, id))
    }

    fn has_access(&self, id: &FlavorId, project: &ProjectId) -> bool {
        self.access
            .get(id)
            .is_some_and(|list| list.contains(project))
    }

    fn forget_access(&mut self, id: &FlavorId, project: &ProjectId) {
        if let Some(list) = self.access.get_mut(id) {
            list.remove(project);
            if list.is_empty() {
                self.access.remove(id);
            }
        }
        if let Some(flavors) = self.of_project.get_mut(project) {
            flavors.remove(id);
            if flavors.is_empty() {
                self.of_project.remove(project);
            }
        }
    }
}

#[async_trait]
impl FlavorRepository for MemoryStore {
    async fn flavor_create(&self, flavor: &Flavor) -> Result<()> {
        let flavors = &mut self.tables().flavors;
        if flavors.by_id.contains_key(flavor.id()) {
            return Err(Error::already_exists(ObjectKind::Flavor, flavor.id()));
        }
        if flavor.is_public() {
            flavors.public.insert(flavor.id().clone());
        }
        flavors.by_id.insert(flavor.id().clone(), flavor.clone());
        Ok(())
    }

    async fn flavor_get(&self, id: &FlavorId) -> Result<Flavor> {
        self.tables().flavors.get(id).cloned()
    }

    async fn flavor_list(
        &self,
        filter: &FlavorFilter,
        page: &PageRequest<FlavorId>,
    ) -> Result<Page<Flavor, FlavorId>> {
        let flavors = &self.tables().flavors;
        let start = page.marker().map_or(Bound::Unbounded, Bound::Excluded);
        let range = (start, Bound::Unbounded);
        let matching = |flavor: &&Flavor| matches(filter, flavor);
        let id = |flavor: &Flavor| flavor.id().clone();
        let Some(project) = &filter.project else {
            let all = flavors.by_id.range::<FlavorId, _>(range);
            let all = all.map(|(_, flavor)| flavor).filter(matching);
            return Ok(cut(all, page.limit(), id));
        };
        // One more than a page of each of the two sets is enough for a page of both.
        let wanted = usize::try_from(page.limit())
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        let mut both: BTreeMap<&FlavorId, &Flavor> = BTreeMap::new();
        for set in [Some(&flavors.public), flavors.of_project.get(project)] {
            let ids = set
                .into_iter()
                .flat_map(|set| set.range::<FlavorId, _>(range));
            let some = ids.filter_map(|id| flavors.by_id.get(id)).filter(matching);
            both.extend(some.take(wanted).map(|flavor| (flavor.id(), flavor)));
        }
        Ok(cut(both.into_values(), page.limit(), id))
    }

    async fn flavor_delete(&self, id: &FlavorId) -> Result<bool> {
        let flavors = &mut self.tables().flavors;
        for project in flavors.access.get(id).cloned().unwrap_or_default() {
            flavors.forget_access(id, &project);
        }
        flavors.public.remove(id);
        Ok(flavors.by_id.remove(id).is_some())
    }

    async fn flavor_access_add(&self, id: &FlavorId, project: &ProjectId) -> Result<bool> {
        let flavors = &mut self.tables().flavors;
        if flavors.get(id)?.is_public() {
            return Err(Error::invalid("flavor access", "the flavor is public"));
        }
        flavors
            .of_project
            .entry(project.clone())
            .or_default()
            .insert(id.clone());
        let list = flavors.access.entry(id.clone()).or_default();
        Ok(list.insert(project.clone()))
    }

    async fn flavor_access_remove(&self, id: &FlavorId, project: &ProjectId) -> Result<bool> {
        let flavors = &mut self.tables().flavors;
        flavors.get(id)?;
        let had = flavors.has_access(id, project);
        flavors.forget_access(id, project);
        Ok(had)
    }

    async fn flavor_access_list(
        &self,
        id: &FlavorId,
        page: &PageRequest<ProjectId>,
    ) -> Result<Page<ProjectId, ProjectId>> {
        let flavors = &self.tables().flavors;
        flavors.get(id)?;
        let start = page.marker().map_or(Bound::Unbounded, Bound::Excluded);
        let projects = flavors
            .access
            .get(id)
            .into_iter()
            .flat_map(|list| list.range::<ProjectId, _>((start, Bound::Unbounded)));
        Ok(cut(projects, page.limit(), Clone::clone))
    }

    async fn flavor_access_check(&self, id: &FlavorId, project: &ProjectId) -> Result<bool> {
        let flavors = &self.tables().flavors;
        Ok(flavors.get(id)?.is_public() || flavors.has_access(id, project))
    }
}

fn matches(filter: &FlavorFilter, flavor: &Flavor) -> bool {
    filter
        .public
        .is_none_or(|public| public == flavor.is_public())
        && flavor.vcpus() >= filter.min_vcpus
        && flavor.memory() >= filter.min_memory
        && flavor.root_disk() >= filter.min_root_disk
}
