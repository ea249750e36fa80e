//! One piece of work at a time for each thing.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

type Slots<K> = BTreeMap<K, Arc<AsyncMutex<()>>>;

/// A lock for each key that somebody works on; the others cost nothing. Clones share the locks.
///
/// ```
/// use nova_core::KeyedLocks;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let locks = KeyedLocks::default();
/// let held = locks.lock("web-1").await;
/// assert!(locks.is_busy(&"web-1") && !locks.is_busy(&"web-2"));
/// drop(held);
/// assert!(!locks.is_busy(&"web-1"));
/// # }
/// ```
#[derive(Debug)]
pub struct KeyedLocks<K: Ord>(Arc<Mutex<Slots<K>>>);

/// Keeps others from the key until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is given up when this is dropped"]
pub struct KeyedLock<K: Ord> {
    // Before `_place`: the lock is free by the time that the place looks whether it is needed.
    _held: OwnedMutexGuard<()>,
    _place: Place<K>,
}

/// Somebody waits for the lock or has it.
#[derive(Debug)]
struct Place<K: Ord> {
    locks: KeyedLocks<K>,
    key: K,
}

impl<K: Ord + Clone> KeyedLocks<K> {
    /// Waits until nobody else works on the key. First come, first served; dropping the future
    /// leaves the queue.
    pub async fn lock(&self, key: K) -> KeyedLock<K> {
        let slot = self.slots().entry(key.clone()).or_default().clone();
        let place = Place {
            locks: self.clone(),
            key,
        };
        KeyedLock {
            _held: slot.lock_owned().await,
            _place: place,
        }
    }

    /// Whether somebody works on the key or waits to.
    pub fn is_busy(&self, key: &K) -> bool {
        self.slots().contains_key(key)
    }
}

impl<K: Ord> KeyedLocks<K> {
    fn slots(&self) -> MutexGuard<'_, Slots<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord> Clone for KeyedLocks<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Ord> Default for KeyedLocks<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Ord> Drop for Place<K> {
    fn drop(&mut self) {
        let mut slots = self.locks.slots();
        // Clones are only made under the lock of the map: the last one to leave sees itself alone.
        if slots
            .get(&self.key)
            .is_some_and(|slot| Arc::strong_count(slot) == 1)
        {
            slots.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lock_that_nobody_wants_is_forgotten() {
        let locks = KeyedLocks::default();
        let first = locks.lock(1).await;
        let other = locks.lock(2).await;
        // One that stops waiting does not take the lock with it.
        let second = tokio::time::timeout(Duration::from_secs(1), locks.lock(1)).await;
        assert!(second.is_err(), "two had the same lock");
        assert!(locks.is_busy(&1));
        drop(first);
        let third = locks.lock(1).await;
        drop((third, other));
        assert!(locks.slots().is_empty());
    }
}
