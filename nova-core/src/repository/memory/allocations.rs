//! Allocations in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::hosts::Hosts;
use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{HostName, ServerId};
use crate::model::{Allocation, Claim, Resources};
use crate::repository::AllocationRepository;
use crate::repository::allocations::check_claim;

/// What is held, by host and by consumer.
#[derive(Default)]
pub(super) struct Allocations {
    by_consumer: BTreeMap<ServerId, BTreeMap<HostName, Resources>>,
    by_host: BTreeMap<HostName, Lent>,
}

/// What one host lent out, and to whom. Nothing lent, no entry.
#[derive(Default)]
struct Lent {
    used: Resources,
    to: BTreeMap<ServerId, Resources>,
}

impl Allocations {
    /// The sum of what is held on the host.
    pub(super) fn used_on(&self, host: &HostName) -> Resources {
        self.by_host
            .get(host)
            .map(|lent| lent.used.clone())
            .unwrap_or_default()
    }

    /// How many consumers hold anything on the host.
    pub(super) fn consumers_on(&self, host: &HostName) -> u64 {
        let count = self.by_host.get(host).map_or(0, |lent| lent.to.len());
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Whether the consumer holds anything on any host.
    pub(super) fn holds(&self, consumer: ServerId) -> bool {
        self.by_consumer.contains_key(&consumer)
    }

    /// Refuses what does not fit: the first host and class in order.
    fn check(&self, hosts: &Hosts, claim: &Claim) -> Result<()> {
        for (name, wanted) in &claim.resources {
            let host = hosts
                .get(name)
                .ok_or_else(|| Error::not_found(ObjectKind::Host, name))?;
            let used = self.by_host.get(name).map(|lent| &lent.used);
            for (class, requested) in wanted.iter() {
                let capacity = host
                    .report
                    .inventories
                    .get(class)
                    .map_or(0, |i| i.capacity());
                let available = capacity.saturating_sub(used.map_or(0, |used| used.get(class)));
                if requested > available {
                    return Err(Error::NoCapacity {
                        host: name.to_string(),
                        class: class.clone(),
                        requested,
                        available,
                    });
                }
            }
        }
        Ok(())
    }

    fn hold(&mut self, claim: &Claim) {
        for (host, resources) in &claim.resources {
            let lent = self.by_host.entry(host.clone()).or_default();
            lent.used.add(resources);
            lent.to.insert(claim.consumer, resources.clone());
        }
        self.by_consumer
            .insert(claim.consumer, claim.resources.clone());
    }

    fn give_back(&mut self, consumer: ServerId, host: &HostName, resources: &Resources) {
        if let Some(lent) = self.by_host.get_mut(host) {
            lent.used.subtract(resources);
            lent.to.remove(&consumer);
            if lent.to.is_empty() {
                self.by_host.remove(host);
            }
        }
    }
}

#[async_trait]
impl AllocationRepository for MemoryStore {
    async fn claim(&self, claim: &Claim) -> Result<()> {
        check_claim(claim)?;
        let tables = &mut *self.tables();
        if let Some(held) = tables.allocations.by_consumer.get(&claim.consumer) {
            if *held == claim.resources {
                return Ok(());
            }
            return Err(Error::AlreadyExists {
                kind: ObjectKind::Allocation,
                id: claim.consumer.to_string(),
            });
        }
        tables.allocations.check(&tables.hosts, claim)?;
        tables.allocations.hold(claim);
        Ok(())
    }

    async fn allocations_of(&self, consumer: ServerId) -> Result<Vec<Allocation>> {
        let tables = self.tables();
        let Some(held) = tables.allocations.by_consumer.get(&consumer) else {
            return Ok(Vec::new());
        };
        let allocation = |(host, resources): (&HostName, &Resources)| Allocation {
            consumer,
            host: host.clone(),
            resources: resources.clone(),
        };
        Ok(held.iter().map(allocation).collect())
    }

    async fn allocations_on(&self, host: &HostName) -> Result<Vec<Allocation>> {
        let tables = self.tables();
        let Some(lent) = tables.allocations.by_host.get(host) else {
            return Ok(Vec::new());
        };
        let allocation = |(consumer, resources): (&ServerId, &Resources)| Allocation {
            consumer: *consumer,
            host: host.clone(),
            resources: resources.clone(),
        };
        Ok(lent.to.iter().map(allocation).collect())
    }

    async fn release(&self, consumer: ServerId, host: Option<&HostName>) -> Result<bool> {
        let allocations = &mut self.tables().allocations;
        let Some(mut held) = allocations.by_consumer.remove(&consumer) else {
            return Ok(false);
        };
        let given_back = match host {
            Some(host) => match held.remove_entry(host) {
                Some(entry) => BTreeMap::from([entry]),
                None => BTreeMap::new(),
            },
            None => std::mem::take(&mut held),
        };
        for (host, resources) in &given_back {
            allocations.give_back(consumer, host, resources);
        }
        if !held.is_empty() {
            allocations.by_consumer.insert(consumer, held);
        }
        Ok(!given_back.is_empty())
    }
}
