//! Key pairs in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::UserId;
use crate::model::{KeyPair, KeyPairName};
use crate::repository::{KeyPairRepository, Page, PageRequest};

/// Each user's key pairs by name.
pub(super) type KeyPairs = BTreeMap<UserId, BTreeMap<KeyPairName, KeyPair>>;

#[async_trait]
impl KeyPairRepository for MemoryStore {
    async fn key_pair_create(&self, pair: &KeyPair, limit: Option<u32>) -> Result<()> {
        let all = &mut self.tables().key_pairs;
        let of_user = all.get(&pair.user_id);
        if of_user.is_some_and(|pairs| pairs.contains_key(&pair.name)) {
            return Err(Error::already_exists(ObjectKind::KeyPair, &pair.name));
        }
        if let Some(limit) = limit {
            let count = of_user.map_or(0, BTreeMap::len);
            if u32::try_from(count).unwrap_or(u32::MAX) >= limit {
                let kind = ObjectKind::KeyPair;
                return Err(Error::limit_exceeded(kind, &pair.user_id, limit));
            }
        }
        let of_user = all.entry(pair.user_id.clone()).or_default();
        of_user.insert(pair.name.clone(), pair.clone());
        Ok(())
    }

    async fn key_pair_get(&self, user: &UserId, name: &KeyPairName) -> Result<KeyPair> {
        let all = &self.tables().key_pairs;
        let found = all.get(user).and_then(|pairs| pairs.get(name)).cloned();
        found.ok_or_else(|| Error::not_found(ObjectKind::KeyPair, name))
    }

    async fn key_pair_list(
        &self,
        user: &UserId,
        page: &PageRequest<KeyPairName>,
    ) -> Result<Page<KeyPair, KeyPairName>> {
        let all = &self.tables().key_pairs;
        let start = page.marker().map_or(Bound::Unbounded, Bound::Excluded);
        let pairs = all
            .get(user)
            .into_iter()
            .flat_map(|pairs| pairs.range::<KeyPairName, _>((start, Bound::Unbounded)))
            .map(|(_, pair)| pair);
        Ok(cut(pairs, page.limit(), |pair| pair.name.clone()))
    }

    async fn key_pair_delete(&self, user: &UserId, name: &KeyPairName) -> Result<bool> {
        let all = &mut self.tables().key_pairs;
        let Some(of_user) = all.get_mut(user) else {
            return Ok(false);
        };
        let was_there = of_user.remove(name).is_some();
        if of_user.is_empty() {
            all.remove(user);
        }
        Ok(was_there)
    }
}
