//! Compute hosts in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::HostName;
use crate::model::{Generation, Host, HostReport, HostUsage, ServiceStatus};
use crate::repository::HostRepository;

/// The table of hosts.
pub(super) type Hosts = BTreeMap<HostName, Host>;

#[async_trait]
impl HostRepository for MemoryStore {
    async fn host_report(&self, report: &HostReport, now: Timestamp) -> Result<Host> {
        let hosts = &mut self.tables().hosts;
        let host = match hosts.get(&report.name) {
            Some(held) => Host {
                report: report.clone(),
                last_seen: now,
                ..held.clone()
            },
            None => Host {
                report: report.clone(),
                service: ServiceStatus::default(),
                created_at: now,
                last_seen: now,
                generation: Generation::FIRST,
            },
        };
        hosts.insert(report.name.clone(), host.clone());
        Ok(host)
    }

    async fn host_get(&self, name: &HostName) -> Result<Host> {
        let found = self.tables().hosts.get(name).cloned();
        found.ok_or_else(|| Error::not_found(ObjectKind::Host, name))
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
