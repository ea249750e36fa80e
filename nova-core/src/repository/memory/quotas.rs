//! Quotas in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::store::{MemoryStore, Tables};
use crate::error::{Error, Result};
use crate::id::ProjectId;
use crate::model::{Quota, QuotaCharge, QuotaLimit, QuotaResource, QuotaScope};
use crate::repository::QuotaRepository;

/// Limits, and what is used.
#[derive(Default)]
pub(super) struct Quotas {
    limits: BTreeMap<(QuotaScope, QuotaResource), QuotaLimit>,
    used: BTreeMap<ProjectId, QuotaCharge>,
}

impl Quotas {
    /// Refuses a charge that the project has not enough left for.
    pub(super) fn check(&self, project: &ProjectId, charge: &QuotaCharge) -> Result<()> {
        for (resource, requested) in charge.iter() {
            let quota = self.quota(project, resource);
            let Some(left) = quota.limit.left(quota.used) else {
                continue;
            };
            if requested > left {
                return Err(Error::QuotaExceeded {
                    project: project.clone(),
                    resource,
                    limit: quota.limit.get().unwrap_or(u64::MAX),
                    used: quota.used,
                    requested,
                });
            }
        }
        Ok(())
    }

    /// Charges what was checked, and takes `before` off.
    pub(super) fn charge(&mut self, project: &ProjectId, before: &QuotaCharge, now: &QuotaCharge) {
        if before == now {
            return;
        }
        let used = match self.used.get_mut(project) {
            Some(used) => used,
            None => self.used.entry(project.clone()).or_default(),
        };
        used.add(now);
        *used = used.beyond(before);
    }

    fn quota(&self, project: &ProjectId, resource: QuotaResource) -> Quota {
        let own = self
            .limits
            .get(&(QuotaScope::Project(project.clone()), resource));
        let default = self.limits.get(&(QuotaScope::Default, resource));
        Quota {
            resource,
            limit: *own.or(default).unwrap_or(&QuotaLimit::UNLIMITED),
            own: own.is_some(),
            used: self.used.get(project).map_or(0, |used| used.get(resource)),
        }
    }
}

#[async_trait]
impl QuotaRepository for MemoryStore {
    async fn quota_set_limit(
        &self,
        scope: &QuotaScope,
        resource: QuotaResource,
        limit: Option<QuotaLimit>,
    ) -> Result<()> {
        let limits = &mut self.tables().quotas.limits;
        let key = (scope.clone(), resource);
        match limit {
            Some(limit) => limits.insert(key, limit),
            None => limits.remove(&key),
        };
        Ok(())
    }

    async fn quotas_of(&self, project: &ProjectId) -> Result<Vec<Quota>> {
        let tables = self.tables();
        let quota = |resource: &QuotaResource| tables.quotas.quota(project, *resource);
        Ok(QuotaResource::ALL.iter().map(quota).collect())
    }

    async fn quota_recount(&self, project: &ProjectId) -> Result<bool> {
        let tables = &mut *self.tables();
        let counted = count(tables, project);
        let used = &mut tables.quotas.used;
        let differs = used.get(project).is_some_and(|used| *used != counted);
        used.insert(project.clone(), counted);
        Ok(differs)
    }
}

/// What everything of the project is charged with.
fn count(tables: &Tables, project: &ProjectId) -> QuotaCharge {
    let mut sum = QuotaCharge::none();
    for server in tables.servers.of_project(project) {
        sum.add(&server.charge());
    }
    for group in tables.server_groups.of_project(project) {
        sum.add(&group.charge());
    }
    sum
}
