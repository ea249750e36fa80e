//! Host aggregates in memory.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{AggregateId, HostName, ZoneName};
use crate::model::{Aggregate, AggregateMetadata, AggregateName};
use crate::repository::{AggregateFilter, AggregateRepository, Page, PageRequest};

/// The table of host aggregates.
#[derive(Default)]
pub(super) struct Aggregates {
    by_id: BTreeMap<AggregateId, Aggregate>,
    by_name: BTreeMap<AggregateName, AggregateId>,
    of_host: BTreeMap<HostName, BTreeSet<AggregateId>>,
    /// By metadata key, the zone's among them.
    of_key: BTreeMap<String, BTreeSet<AggregateId>>,
}

impl Aggregates {
    fn get(&self, id: AggregateId) -> Result<&Aggregate> {
        self.by_id
            .get(&id)
            .ok_or_else(|| Error::not_found(ObjectKind::Aggregate, id))
    }

    /// Refuses to put a host into another zone than it is in by other aggregates than this one.
    fn check_zone(&self, id: AggregateId, zone: &ZoneName, host: &HostName) -> Result<()> {
        for other in self.of_host.get(host).into_iter().flatten() {
            let other = self.get(*other)?;
            match &other.availability_zone {
                Some(held) if held != zone && other.id != id => {
                    let by = format!("aggregate {} puts it into zone {held}", other.id);
                    return Err(Error::in_use(ObjectKind::Host, host, by));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn put(&mut self, aggregate: Aggregate) {
        let id = aggregate.id;
        self.remove(id);
        self.by_name.insert(aggregate.name.clone(), id);
        for key in aggregate.properties().into_keys() {
            self.of_key.entry(key.to_owned()).or_default().insert(id);
        }
        self.by_id.insert(id, aggregate);
    }

    fn remove(&mut self, id: AggregateId) {
        if let Some(held) = self.by_id.remove(&id) {
            self.by_name.remove(&held.name);
            for key in held.properties().into_keys() {
                take_out(&mut self.of_key, key, id);
            }
        }
    }

    /// Takes a host out of its aggregates.
    pub(super) fn forget(&mut self, host: &HostName) {
        for id in self.of_host.remove(host).unwrap_or_default() {
            if let Some(aggregate) = self.by_id.get_mut(&id) {
                aggregate.hosts.remove(host);
            }
        }
    }
}

fn take_out<K, Q>(sets: &mut BTreeMap<K, BTreeSet<AggregateId>>, key: &Q, id: AggregateId)
where
    K: Ord + Borrow<Q>,
    Q: Ord + ?Sized,
{
    if let Some(set) = sets.get_mut(key) {
        set.remove(&id);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}

#[async_trait]
impl AggregateRepository for MemoryStore {
    async fn aggregate_create(&self, aggregate: &Aggregate) -> Result<()> {
        if !aggregate.hosts.is_empty() {
            let reason = "an aggregate begins without hosts";
            return Err(Error::invalid("aggregate hosts", reason));
        }
        let aggregates = &mut self.tables().aggregates;
        if aggregates.by_id.contains_key(&aggregate.id) {
            return Err(Error::already_exists(ObjectKind::Aggregate, aggregate.id));
        }
        if aggregates.by_name.contains_key(&aggregate.name) {
            return Err(Error::already_exists(
                ObjectKind::Aggregate,
                &aggregate.name,
            ));
        }
        aggregates.put(aggregate.clone());
        Ok(())
    }

    async fn aggregate_get(&self, id: AggregateId) -> Result<Aggregate> {
        self.tables().aggregates.get(id).cloned()
    }

    async fn aggregate_list(
        &self,
        filter: &AggregateFilter,
        page: &PageRequest<AggregateId>,
    ) -> Result<Page<Aggregate, AggregateId>> {
        let aggregates = &self.tables().aggregates;
        let start = page.marker().map_or(Bound::Unbounded, Bound::Excluded);
        let range = (start, Bound::Unbounded);
        let with_key = |key: &str| Some(aggregates.of_key.get(key));
        let index = match (&filter.host, &filter.metadata, &filter.zone) {
            (Some(host), _, _) => Some(aggregates.of_host.get(host)),
            (None, Some((key, _)), _) => with_key(key),
            (None, None, Some(_)) => with_key(AggregateMetadata::ZONE_KEY),
            (None, None, None) => None,
        };
        let found: Box<dyn Iterator<Item = &Aggregate>> = match index {
            Some(ids) => {
                let ids = ids
                    .into_iter()
                    .flat_map(|ids| ids.range::<AggregateId, _>(range));
                Box::new(ids.filter_map(|id| aggregates.by_id.get(id)))
            }
            None => {
                let all = aggregates.by_id.range::<AggregateId, _>(range);
                Box::new(all.map(|(_, aggregate)| aggregate))
            }
        };
        let matching = found.filter(|aggregate| matches(filter, aggregate));
        Ok(cut(matching, page.limit(), |aggregate| aggregate.id))
    }

    async fn aggregates_of_host(&self, host: &HostName) -> Result<Vec<Aggregate>> {
        let aggregates = &self.tables().aggregates;
        let ids = aggregates.of_host.get(host).into_iter().flatten();
        Ok(ids
            .filter_map(|id| aggregates.by_id.get(id))
            .cloned()
            .collect())
    }

    async fn aggregate_update(&self, aggregate: &Aggregate) -> Result<Aggregate> {
        let aggregates = &mut self.tables().aggregates;
        let held = aggregates.get(aggregate.id)?;
        if held.generation != aggregate.generation {
            let (kind, id) = (ObjectKind::Aggregate, aggregate.id);
            return Err(Error::stale(kind, id, aggregate.generation));
        }
        let named = aggregates.by_name.get(&aggregate.name);
        if named.is_some_and(|id| *id != aggregate.id) {
            return Err(Error::already_exists(
                ObjectKind::Aggregate,
                &aggregate.name,
            ));
        }
        if let Some(zone) = &aggregate.availability_zone {
            for host in &held.hosts {
                aggregates.check_zone(aggregate.id, zone, host)?;
            }
        }
        let written = Aggregate {
            hosts: held.hosts.clone(),
            created_at: held.created_at,
            generation: aggregate.generation.next(),
            ..aggregate.clone()
        };
        aggregates.put(written.clone());
        Ok(written)
    }

    async fn aggregate_add_host(&self, id: AggregateId, host: &HostName) -> Result<bool> {
        let mut tables = self.tables();
        let aggregate = tables.aggregates.get(id)?;
        if !tables.hosts.contains_key(host) {
            return Err(Error::not_found(ObjectKind::Host, host));
        }
        if aggregate.hosts.contains(host) {
            return Ok(false);
        }
        if let Some(zone) = &aggregate.availability_zone {
            tables.aggregates.check_zone(id, zone, host)?;
        }
        let of_host = &mut tables.aggregates.of_host;
        of_host.entry(host.clone()).or_default().insert(id);
        if let Some(aggregate) = tables.aggregates.by_id.get_mut(&id) {
            aggregate.hosts.insert(host.clone());
        }
        Ok(true)
    }

    async fn aggregate_remove_host(&self, id: AggregateId, host: &HostName) -> Result<bool> {
        let aggregates = &mut self.tables().aggregates;
        aggregates.get(id)?;
        take_out(&mut aggregates.of_host, host, id);
        let aggregate = aggregates.by_id.get_mut(&id);
        Ok(aggregate.is_some_and(|aggregate| aggregate.hosts.remove(host)))
    }

    async fn aggregate_delete(&self, id: AggregateId) -> Result<bool> {
        let aggregates = &mut self.tables().aggregates;
        let Ok(held) = aggregates.get(id) else {
            return Ok(false);
        };
        if !held.hosts.is_empty() {
            return Err(Error::in_use(ObjectKind::Aggregate, id, "it has hosts"));
        }
        aggregates.remove(id);
        Ok(true)
    }
}

fn matches(filter: &AggregateFilter, aggregate: &Aggregate) -> bool {
    let has = |key: &str, value: &Option<String>| match (aggregate.property(key), value) {
        (Some(held), Some(wanted)) => held == wanted,
        (held, None) => held.is_some(),
        (None, Some(_)) => false,
    };
    filter
        .host
        .as_ref()
        .is_none_or(|host| aggregate.hosts.contains(host))
        && filter
            .zone
            .as_ref()
            .is_none_or(|zone| Some(zone) == aggregate.availability_zone.as_ref())
        && filter
            .metadata
            .as_ref()
            .is_none_or(|(key, value)| has(key, value))
}
