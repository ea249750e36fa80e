//! The guests that a driver knows, and who works on them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nova_core::{KeyedLock, KeyedLocks};

use crate::error::{Error, Result};
use crate::guest::GuestId;

/// The guests, by id. Looking at one waits for nothing, whatever is being done to it.
#[derive(Debug)]
pub(crate) struct Registry<G> {
    locks: KeyedLocks<GuestId>,
    guests: Mutex<BTreeMap<GuestId, Arc<G>>>,
}

impl<G> Registry<G> {
    /// Waits for whatever is being done to the guest, and keeps others from it. The guest need not
    /// be there: whoever makes or removes it holds its place too.
    pub(crate) async fn hold(self: &Arc<Self>, id: GuestId) -> Held<G> {
        Held {
            _lock: self.locks.lock(id).await,
            registry: Arc::clone(self),
            id,
        }
    }

    /// The guest, as it is now.
    pub(crate) fn find(&self, id: GuestId) -> Option<Arc<G>> {
        self.guests().get(&id).cloned()
    }

    /// Every guest, as it is now, by id.
    pub(crate) fn all(&self) -> Vec<Arc<G>> {
        self.guests().values().cloned().collect()
    }

    /// A poisoned lock here holds a whole value: each change is a single one.
    fn guests(&self) -> MutexGuard<'_, BTreeMap<GuestId, Arc<G>>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G> Default for Registry<G> {
    fn default() -> Self {
        Self {
            locks: KeyedLocks::default(),
            guests: Mutex::default(),
        }
    }
}

/// A guest's place, held: nobody else does anything to the guest.
#[derive(Debug)]
pub(crate) struct Held<G> {
    registry: Arc<Registry<G>>,
    id: GuestId,
    _lock: KeyedLock<GuestId>,
}

impl<G> Held<G> {
    /// Whose place it is.
    pub(crate) fn id(&self) -> GuestId {
        self.id
    }

    /// The guest, if there is one.
    pub(crate) fn find(&self) -> Option<Arc<G>> {
        self.registry.find(self.id)
    }

    /// The guest.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none.
    pub(crate) fn require(&self) -> Result<Arc<G>> {
        self.find().ok_or(Error::NotFound { guest: self.id })
    }

    /// From now on this is the guest here, for everybody to see.
    pub(crate) fn put(&self, guest: Arc<G>) {
        self.registry.guests().insert(self.id, guest);
    }

    /// From now on there is none.
    pub(crate) fn take(&self) {
        let _ = self.registry.guests().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_everybody_sees() {
        let registry = Arc::new(Registry::default());
        let id = GuestId::from_uuid(uuid::Uuid::nil());
        let first = registry.hold(id).await;
        let wait = std::time::Duration::from_millis(20);
        assert!(tokio::time::timeout(wait, registry.hold(id)).await.is_err());
        let second = tokio::spawn({
            let registry = Arc::clone(&registry);
            async move { registry.hold(id).await.require().is_err() }
        });
        tokio::task::yield_now().await;
        first.put(Arc::new("it"));
        assert_eq!(registry.find(id).as_deref(), Some(&"it"));
        assert_eq!(registry.all().len(), 1);
        first.take();
        drop(first);
        assert!(second.await.unwrap());
        assert!(registry.find(id).is_none());
        assert!(registry.all().is_empty());
        assert!(!registry.locks.is_busy(&id));
    }
}
