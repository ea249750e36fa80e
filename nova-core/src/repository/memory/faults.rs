//! Faults in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ServerId;
use crate::model::Fault;
use crate::repository::{FaultRepository, MAX_FAULTS};

/// Each server's faults in the order of their recording.
pub(super) type Faults = BTreeMap<ServerId, Vec<Fault>>;

#[async_trait]
impl FaultRepository for MemoryStore {
    async fn fault_record(&self, fault: &Fault) -> Result<()> {
        let mut tables = self.tables();
        if !tables.servers.contains(fault.server_id) {
            return Err(Error::not_found(ObjectKind::Server, fault.server_id));
        }
        let faults = tables.faults.entry(fault.server_id).or_default();
        faults.push(fault.clone());
        let kept = usize::try_from(MAX_FAULTS).unwrap_or(usize::MAX);
        let overflow = faults.len().saturating_sub(kept);
        faults.drain(..overflow);
        Ok(())
    }

    async fn faults_of(&self, server: ServerId, limit: u32) -> Result<Vec<Fault>> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut newest: Vec<Fault> = match self.tables().faults.get(&server) {
            Some(faults) => faults.iter().rev().cloned().collect(),
            None => Vec::new(),
        };
        // The sort is stable: of one instant, the last recorded stays first.
        newest.sort_by_key(|fault| std::cmp::Reverse(fault.created_at));
        newest.truncate(wanted);
        Ok(newest)
    }
}
