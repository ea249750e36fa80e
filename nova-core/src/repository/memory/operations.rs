//! Long operations in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::Duration;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{OperationId, RoleName, ServerId};
use crate::model::{Lease, OperationRecord};
use crate::repository::operations::{Head, check_takeable, lost, released, taken};
use crate::repository::{MAX_ACQUIRED, OperationFilter, OperationRepository, Page, PageRequest};

/// Ids in the order of a time.
type ByTime = BTreeSet<(Timestamp, OperationId)>;

/// The table of long operations, with the orders in which it is read.
#[derive(Default)]
pub(super) struct Operations {
    by_id: BTreeMap<OperationId, OperationRecord>,
    by_age: ByTime,
    by_server: BTreeMap<ServerId, ByTime>,
    by_owner: BTreeMap<RoleName, ByTime>,
    unfinished: ByTime,
    /// The runnable ones, by the instant from which they may be taken over.
    by_lease: ByTime,
    /// The finished ones, by when that was.
    by_end: ByTime,
}

impl Operations {
    fn get(&self, id: OperationId) -> Result<&OperationRecord> {
        self.by_id
            .get(&id)
            .ok_or_else(|| Error::not_found(ObjectKind::Operation, id))
    }

    /// Writes a record in the place of the one with its id.
    fn put(&mut self, record: OperationRecord) {
        self.remove(record.id);
        let key = (record.created_at, record.id);
        self.by_age.insert(key);
        if let Some(server) = record.server_id {
            self.by_server.entry(server).or_default().insert(key);
        }
        if let Some(owner) = record.owner() {
            self.by_owner.entry(owner.clone()).or_default().insert(key);
        }
        if record.state.is_finished() {
            self.by_end.insert((record.updated_at, record.id));
        } else {
            self.unfinished.insert(key);
        }
        if record.state.is_runnable() {
            self.by_lease.insert((free_at(&record), record.id));
        }
        self.by_id.insert(record.id, record);
    }

    fn remove(&mut self, id: OperationId) {
        let Some(record) = self.by_id.remove(&id) else {
            return;
        };
        let key = (record.created_at, id);
        self.by_age.remove(&key);
        if let Some(server) = &record.server_id {
            drop_key(&mut self.by_server, server, &key);
        }
        if let Some(owner) = record.owner() {
            drop_key(&mut self.by_owner, owner, &key);
        }
        self.unfinished.remove(&key);
        self.by_lease.remove(&(free_at(&record), id));
        self.by_end.remove(&(record.updated_at, id));
    }
}

#[async_trait]
impl OperationRepository for MemoryStore {
    async fn operation_create(&self, record: &OperationRecord) -> Result<()> {
        let operations = &mut self.tables().operations;
        if operations.by_id.contains_key(&record.id) {
            return Err(Error::already_exists(ObjectKind::Operation, record.id));
        }
        operations.put(record.clone());
        Ok(())
    }

    async fn operation_get(&self, id: OperationId) -> Result<OperationRecord> {
        self.tables().operations.get(id).cloned()
    }

    async fn operation_save(
        &self,
        record: &OperationRecord,
        owner: &RoleName,
    ) -> Result<OperationRecord> {
        let operations = &mut self.tables().operations;
        let held = operations.get(record.id)?;
        let written = Head::of(held).saved(record, owner)?;
        operations.put(written.clone());
        Ok(written)
    }

    async fn operation_renew(
        &self,
        record: &OperationRecord,
        owner: &RoleName,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Timestamp> {
        let operations = &mut self.tables().operations;
        let held = operations.get(record.id)?;
        if held.owner() != Some(owner) || held.attempts != record.attempts {
            return Err(lost(record));
        }
        let until = now.saturating_add(lease);
        let renewed = OperationRecord {
            lease: Some(Lease {
                owner: owner.clone(),
                until,
            }),
            ..held.clone()
        };
        operations.put(renewed);
        Ok(until)
    }

    async fn operation_acquire(
        &self,
        owner: &RoleName,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<OperationRecord>> {
        let operations = &mut self.tables().operations;
        let mut free: Vec<(Timestamp, OperationId)> = operations
            .by_lease
            .iter()
            .take_while(|(free_at, _)| *free_at <= now)
            .filter_map(|(_, id)| operations.by_id.get(id))
            .map(|record| (record.created_at, record.id))
            .collect();
        free.sort_unstable();
        free.truncate(usize::try_from(limit.min(MAX_ACQUIRED)).unwrap_or(usize::MAX));
        let acquired: Vec<OperationRecord> = free
            .iter()
            .filter_map(|(_, id)| operations.by_id.get(id))
            .map(|record| taken(record.clone(), owner, now, lease))
            .collect();
        for record in &acquired {
            operations.put(record.clone());
        }
        Ok(acquired)
    }

    async fn operation_take(
        &self,
        id: OperationId,
        owner: &RoleName,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OperationRecord> {
        let operations = &mut self.tables().operations;
        let held = operations.get(id)?;
        check_takeable(held, now)?;
        let written = taken(held.clone(), owner, now, lease);
        operations.put(written.clone());
        Ok(written)
    }

    async fn operation_release(
        &self,
        record: &OperationRecord,
        owner: &RoleName,
    ) -> Result<OperationRecord> {
        let operations = &mut self.tables().operations;
        let held = operations.get(record.id)?;
        Head::of(held).check_owner(record, owner)?;
        let written = released(held.clone());
        operations.put(written.clone());
        Ok(written)
    }

    async fn operation_list(
        &self,
        filter: &OperationFilter,
        page: &PageRequest<OperationId>,
    ) -> Result<Page<OperationRecord, OperationId>> {
        let operations = &self.tables().operations;
        let start = match page.marker() {
            Some(marker) => Bound::Excluded((operations.get(*marker)?.created_at, *marker)),
            None => Bound::Unbounded,
        };
        let candidates = if let Some(server) = &filter.server {
            operations.by_server.get(server)
        } else if let Some(owner) = &filter.owner {
            operations.by_owner.get(owner)
        } else if filter.unfinished {
            Some(&operations.unfinished)
        } else {
            Some(&operations.by_age)
        };
        let matching = candidates
            .into_iter()
            .flat_map(|ids| ids.range((start, Bound::Unbounded)))
            .filter_map(|(_, id)| operations.by_id.get(id))
            .filter(|record| matches(filter, record));
        Ok(cut(matching, page.limit(), |record| record.id))
    }

    async fn operation_purge_finished(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let operations = &mut self.tables().operations;
        let gone: Vec<OperationId> = operations
            .by_end
            .iter()
            .take_while(|(end, _)| *end < before)
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .map(|(_, id)| *id)
            .collect();
        for id in &gone {
            operations.remove(*id);
        }
        Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
    }
}

/// From when on a record may be taken over.
fn free_at(record: &OperationRecord) -> Timestamp {
    match &record.lease {
        Some(lease) => lease.until,
        None => Timestamp::from_micros(i64::MIN),
    }
}

fn drop_key<K: Ord>(index: &mut BTreeMap<K, ByTime>, of: &K, key: &(Timestamp, OperationId)) {
    if let Some(keys) = index.get_mut(of) {
        keys.remove(key);
        if keys.is_empty() {
            index.remove(of);
        }
    }
}

fn matches(filter: &OperationFilter, record: &OperationRecord) -> bool {
    let OperationFilter {
        unfinished,
        state,
        kind,
        server,
        owner,
    } = filter;
    (!unfinished || !record.state.is_finished())
        && state.is_none_or(|state| state == record.state)
        && kind.as_ref().is_none_or(|kind| *kind == record.kind)
        && (server.is_none() || *server == record.server_id)
        && (owner.is_none() || owner.as_ref() == record.owner())
}
