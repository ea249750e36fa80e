//! Compute hosts in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::HostName;
use crate::model::{Generation, Host, HostReport, HostUsage, ServiceStatus};
use crate::repository::{HostFilter, HostRepository, Page, PageRequest};

/// The table of hosts.
pub(super) type Hosts = BTreeMap<HostName, Host>;

#[async_trait]
impl HostRepository for MemoryStore {
    async fn host_report(&self, report: &HostReport, now: Timestamp) -> Result<Host> {
        let hosts = &mut self.tables().hosts;
        let host = match hosts.get(&report.name) {
            Some(held) => held.clone().with_report(report.clone(), now),
            None => Host::new(report.clone(), now),
        };
        hosts.insert(report.name.clone(), host.clone());
        Ok(host)
    }

    async fn host_get(&self, name: &HostName) -> Result<Host> {
        let found = self.tables().hosts.get(name).cloned();
        found.ok_or_else(|| Error::not_found(ObjectKind::Host, name))
    }

    async fn host_list(
        &self,
        filter: &HostFilter,
        page: &PageRequest<HostName>,
    ) -> Result<Page<Host, HostName>> {
        let tables = self.tables();
        let start = page.marker().map_or(Bound::Unbounded, Bound::Excluded);
        let matching = tables
            .hosts
            .range::<HostName, _>((start, Bound::Unbounded))
            .map(|(_, host)| host)
            .filter(|host| matches(filter, host));
        Ok(cut(matching, page.limit(), |host| host.name().clone()))
    }

    async fn host_usages(&self) -> Result<Vec<HostUsage>> {
        let tables = self.tables();
        let usage = |host: &Host| HostUsage {
            host: host.clone(),
            used: tables.allocations.used_on(host.name()),
            servers: tables.allocations.consumers_on(host.name()),
        };
        Ok(tables.hosts.values().map(usage).collect())
    }

    async fn host_set_service(
        &self,
        name: &HostName,
        generation: Generation,
        service: &ServiceStatus,
    ) -> Result<Host> {
        let hosts = &mut self.tables().hosts;
        let host = hosts
            .get_mut(name)
            .ok_or_else(|| Error::not_found(ObjectKind::Host, name))?;
        if host.generation != generation {
            return Err(Error::Stale {
                kind: ObjectKind::Host,
                id: name.to_string(),
                expected: generation,
            });
        }
        host.service = service.clone();
        host.generation = generation.next();
        Ok(host.clone())
    }

    async fn host_delete(&self, name: &HostName) -> Result<bool> {
        let mut tables = self.tables();
        if tables.allocations.consumers_on(name) > 0 {
            return Err(Error::in_use(
                ObjectKind::Host,
                name,
                "resources are claimed on it",
            ));
        }
        tables.aggregates.forget(name);
        Ok(tables.hosts.remove(name).is_some())
    }
}

fn matches(filter: &HostFilter, host: &Host) -> bool {
    filter
        .zone
        .as_ref()
        .is_none_or(|zone| *zone == host.report.zone)
        && filter
            .availability
            .is_none_or(|availability| availability == host.service.availability())
        && filter
            .forced_down
            .is_none_or(|down| down == host.service.forced_down())
        && filter
            .seen_since
            .is_none_or(|since| host.last_seen >= since)
        && filter
            .silent_since
            .is_none_or(|since| host.last_seen < since)
        && filter
            .name_prefix
            .as_ref()
            .is_none_or(|prefix| host.name().as_str().starts_with(prefix.as_str()))
}
