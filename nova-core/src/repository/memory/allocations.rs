//! Allocations in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use uuid::Uuid;

use super::hosts::Hosts;
use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{HostName, MigrationId, RequestId, ServerId};
use crate::model::{Allocation, Claim, ClaimMove, Consumer, Resources};
use crate::repository::AllocationRepository;
use crate::repository::allocations::{check_move, check_wanted, not_its_migration, sum_by_host};

/// What is held, by host and by consumer.
#[derive(Default)]
pub(super) struct Allocations {
    by_consumer: BTreeMap<Uuid, Holding>,
    /// The migrations that hold what a server left.
    leaving: BTreeSet<(ServerId, Uuid)>,
    by_host: BTreeMap<HostName, Lent>,
}

/// What one consumer holds, and for whom. Nothing held, no entry.
struct Holding {
    consumer: Consumer,
    /// The server of it.
    server: ServerId,
    request: RequestId,
    /// By host, in order.
    resources: Vec<(HostName, Resources)>,
}

impl Holding {
    /// Whether it holds this for that request.
    fn is(&self, request: &RequestId, resources: &BTreeMap<HostName, Resources>) -> bool {
        let held = self.resources.iter().map(|(host, held)| (host, held));
        self.request == *request && resources.iter().eq(held)
    }
}

fn listed(resources: &BTreeMap<HostName, Resources>) -> Vec<(HostName, Resources)> {
    let entry = |(host, wanted): (&HostName, &Resources)| (host.clone(), wanted.clone());
    resources.iter().map(entry).collect()
}

/// What one host lent out, and to whom. Nothing lent, no entry.
#[derive(Default)]
struct Lent {
    used: Resources,
    to: BTreeMap<Uuid, Resources>,
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

    /// Whether the server, or a migration of it, holds anything on any host.
    pub(super) fn holds(&self, server: ServerId) -> bool {
        let first = (server, Uuid::nil());
        let mut leaving = self
            .leaving
            .range(first..)
            .take_while(|(id, _)| *id == server);
        self.by_consumer.contains_key(server.as_uuid()) || leaving.next().is_some()
    }

    /// Whether the claim was granted already; refused if its consumer holds something else.
    pub(super) fn is_granted(&self, claim: &Claim) -> Result<bool> {
        match self.by_consumer.get(claim.consumer.as_uuid()) {
            None => Ok(false),
            Some(held)
                if held.consumer == claim.consumer && held.is(&claim.request, &claim.resources) =>
            {
                Ok(true)
            }
            Some(_) => Err(taken(claim.consumer)),
        }
    }

    /// Refuses what does not fit: the first host and class in order.
    pub(super) fn check(
        &self,
        hosts: &Hosts,
        wanted: &BTreeMap<HostName, Resources>,
    ) -> Result<()> {
        for (name, wanted) in wanted {
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

    /// Refuses claims of which one's consumer holds something else, or whose sum does not fit.
    /// Returns those that are not granted yet.
    pub(super) fn check_batch<'a>(
        &self,
        hosts: &Hosts,
        claims: &'a [Claim],
    ) -> Result<Vec<&'a Claim>> {
        let mut new = Vec::new();
        for claim in claims {
            if !self.is_granted(claim)? {
                new.push(claim);
            }
        }
        self.check(hosts, &sum_by_host(new.iter().copied()))?;
        Ok(new)
    }

    /// Holds what was checked to fit, for a consumer that holds nothing.
    pub(super) fn hold(&mut self, claim: &Claim) {
        let server = match claim.consumer {
            Consumer::Server(id) => id,
            // Claimed for itself: it is nobody's way back.
            Consumer::Migration(id) => ServerId::from_uuid(*id.as_uuid()),
        };
        self.enter(Holding {
            consumer: claim.consumer,
            server,
            request: claim.request.clone(),
            resources: listed(&claim.resources),
        });
    }

    fn enter(&mut self, holding: Holding) {
        let id = *holding.consumer.as_uuid();
        for (host, resources) in &holding.resources {
            let lent = match self.by_host.get_mut(host) {
                Some(lent) => lent,
                None => self.by_host.entry(host.clone()).or_default(),
            };
            lent.used.add(resources);
            lent.to.insert(id, resources.clone());
        }
        if holding.consumer.server().is_none() {
            self.leaving.insert((holding.server, id));
        }
        self.by_consumer.insert(id, holding);
    }

    fn leave(&mut self, id: Uuid) -> Option<Holding> {
        let holding = self.by_consumer.remove(&id)?;
        self.leaving.remove(&(holding.server, id));
        for (host, resources) in &holding.resources {
            if let Some(lent) = self.by_host.get_mut(host) {
                lent.used.subtract(resources);
                lent.to.remove(&id);
                if lent.to.is_empty() {
                    self.by_host.remove(host);
                }
            }
        }
        Some(holding)
    }

    fn is_moved(&self, claim: &ClaimMove) -> bool {
        let of_this = |held: &Holding| held.server == claim.server;
        let migration = self.by_consumer.get(claim.migration.as_uuid());
        let server = self.by_consumer.get(claim.server.as_uuid());
        migration.is_some_and(of_this)
            && server.is_some_and(|held| held.is(&claim.request, &claim.resources))
    }
}

fn taken(consumer: Consumer) -> Error {
    Error::already_exists(ObjectKind::Allocation, consumer)
}

#[async_trait]
impl AllocationRepository for MemoryStore {
    async fn claim(&self, claim: &Claim) -> Result<()> {
        check_wanted(&claim.resources)?;
        let tables = &mut *self.tables();
        if tables.allocations.is_granted(claim)? {
            return Ok(());
        }
        tables.allocations.check(&tables.hosts, &claim.resources)?;
        tables.allocations.hold(claim);
        Ok(())
    }

    async fn claim_move(&self, claim: &ClaimMove) -> Result<()> {
        check_wanted(&claim.resources)?;
        check_move(claim.server, claim.migration)?;
        let tables = &mut *self.tables();
        let allocations = &mut tables.allocations;
        if allocations.is_moved(claim) {
            return Ok(());
        }
        if allocations
            .by_consumer
            .contains_key(claim.migration.as_uuid())
        {
            return Err(taken(claim.migration.into()));
        }
        if !allocations.by_consumer.contains_key(claim.server.as_uuid()) {
            return Err(Error::not_found(ObjectKind::Allocation, claim.server));
        }
        allocations.check(&tables.hosts, &claim.resources)?;
        if let Some(left) = allocations.leave(*claim.server.as_uuid()) {
            allocations.enter(Holding {
                consumer: claim.migration.into(),
                ..left
            });
        }
        allocations.enter(Holding {
            consumer: claim.server.into(),
            server: claim.server,
            request: claim.request.clone(),
            resources: listed(&claim.resources),
        });
        Ok(())
    }

    async fn claim_move_back(&self, server: ServerId, migration: MigrationId) -> Result<bool> {
        check_move(server, migration)?;
        let allocations = &mut self.tables().allocations;
        match allocations.by_consumer.get(migration.as_uuid()) {
            None => return Ok(false),
            Some(held) if held.server != server => return Err(not_its_migration(migration)),
            Some(_) => {}
        }
        allocations.leave(*server.as_uuid());
        if let Some(held) = allocations.leave(*migration.as_uuid()) {
            allocations.enter(Holding {
                consumer: server.into(),
                ..held
            });
        }
        Ok(true)
    }

    async fn allocations_of(&self, consumer: Consumer) -> Result<Vec<Allocation>> {
        let tables = self.tables();
        let holding = tables.allocations.by_consumer.get(consumer.as_uuid());
        let Some(holding) = holding.filter(|holding| holding.consumer == consumer) else {
            return Ok(Vec::new());
        };
        let allocation = |(host, resources): &(HostName, Resources)| Allocation {
            consumer,
            host: host.clone(),
            resources: resources.clone(),
        };
        Ok(holding.resources.iter().map(allocation).collect())
    }

    async fn allocations_on(&self, host: &HostName) -> Result<Vec<Allocation>> {
        let tables = self.tables();
        let Some(lent) = tables.allocations.by_host.get(host) else {
            return Ok(Vec::new());
        };
        let allocation = |(id, resources): (&Uuid, &Resources)| {
            let holding = tables.allocations.by_consumer.get(id)?;
            Some(Allocation {
                consumer: holding.consumer,
                host: host.clone(),
                resources: resources.clone(),
            })
        };
        Ok(lent.to.iter().filter_map(allocation).collect())
    }

    async fn release(&self, consumer: Consumer, host: Option<&HostName>) -> Result<bool> {
        let allocations = &mut self.tables().allocations;
        let id = *consumer.as_uuid();
        let held = match allocations.by_consumer.get(&id) {
            Some(held) if held.consumer == consumer => held,
            _ => return Ok(false),
        };
        let holds = |host: &HostName| held.resources.iter().any(|(name, _)| name == host);
        if host.is_some_and(|host| !holds(host)) {
            return Ok(false);
        }
        if let (Some(mut left), Some(host)) = (allocations.leave(id), host) {
            left.resources.retain(|(name, _)| name != host);
            if !left.resources.is_empty() {
                allocations.enter(left);
            }
        }
        Ok(true)
    }
}
