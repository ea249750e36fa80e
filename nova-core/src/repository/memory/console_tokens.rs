//! Console tokens in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ServerId;
use crate::model::{ConsoleAccess, ConsoleTokenHash};
use crate::repository::ConsoleTokenRepository;

/// The table of console tokens, with the orders in which it is read.
#[derive(Default)]
pub(super) struct ConsoleTokens {
    by_hash: BTreeMap<ConsoleTokenHash, ConsoleAccess>,
    by_server: BTreeMap<ServerId, BTreeSet<ConsoleTokenHash>>,
    by_expiry: BTreeSet<(Timestamp, ConsoleTokenHash)>,
}

impl ConsoleTokens {
    /// Removes those of a server, and returns how many.
    pub(super) fn remove_of(&mut self, server: ServerId) -> u64 {
        let hashes = self.by_server.get(&server).cloned().unwrap_or_default();
        for hash in &hashes {
            self.remove(*hash);
        }
        u64::try_from(hashes.len()).unwrap_or(u64::MAX)
    }

    fn remove(&mut self, hash: ConsoleTokenHash) {
        let Some(access) = self.by_hash.remove(&hash) else {
            return;
        };
        self.by_expiry.remove(&(access.expires_at, hash));
        if let Some(hashes) = self.by_server.get_mut(&access.server_id) {
            hashes.remove(&hash);
            if hashes.is_empty() {
                self.by_server.remove(&access.server_id);
            }
        }
    }
}

#[async_trait]
impl ConsoleTokenRepository for MemoryStore {
    async fn console_token_save(&self, access: &ConsoleAccess) -> Result<()> {
        let mut tables = self.tables();
        if !tables.servers.contains(access.server_id) {
            return Err(Error::not_found(ObjectKind::Server, access.server_id));
        }
        let tokens = &mut tables.console_tokens;
        let hash = access.token_hash;
        if tokens.by_hash.contains_key(&hash) {
            return Err(Error::already_exists(ObjectKind::ConsoleToken, hash));
        }
        tokens.by_expiry.insert((access.expires_at, hash));
        tokens
            .by_server
            .entry(access.server_id)
            .or_default()
            .insert(hash);
        tokens.by_hash.insert(hash, access.clone());
        Ok(())
    }

    async fn console_token_authorize(
        &self,
        token: &ConsoleTokenHash,
        now: Timestamp,
    ) -> Result<ConsoleAccess> {
        let found = self.tables().console_tokens.by_hash.get(token).cloned();
        found
            .filter(|access| !access.is_expired(now))
            .ok_or_else(|| Error::not_found(ObjectKind::ConsoleToken, token))
    }

    async fn console_token_delete_of(&self, server: ServerId) -> Result<u64> {
        Ok(self.tables().console_tokens.remove_of(server))
    }

    async fn console_token_purge_expired(&self, now: Timestamp, limit: u32) -> Result<u64> {
        let tokens = &mut self.tables().console_tokens;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let expired: Vec<ConsoleTokenHash> = tokens
            .by_expiry
            .iter()
            .take_while(|(expires_at, _)| *expires_at <= now)
            .take(wanted)
            .map(|(_, hash)| *hash)
            .collect();
        for hash in &expired {
            tokens.remove(*hash);
        }
        Ok(u64::try_from(expired.len()).unwrap_or(u64::MAX))
    }
}
