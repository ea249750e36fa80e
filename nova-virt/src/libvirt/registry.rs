//! The guests that the driver knows, each with its lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::view::View;
use crate::error::{Error, Result};
use crate::guest::{Guest, GuestId};

/// The guests, by id.
#[derive(Debug, Default)]
pub(super) struct Registry {
    slots: Mutex<BTreeMap<GuestId, Arc<Slot>>>,
}

/// A place for a guest. It is there before the guest and for a moment after it, so that whoever
/// makes or removes the guest holds its lock too.
#[derive(Debug, Default)]
struct Slot {
    busy: Arc<tokio::sync::Mutex<()>>,
    view: Mutex<Option<Arc<View>>>,
}

impl Registry {
    /// Waits for whatever is being done to the guest, and keeps others from it.
    pub(super) async fn hold(self: &Arc<Self>, id: GuestId) -> Held {
        let slot = Arc::clone(lock(&self.slots).entry(id).or_default());
        // Made before the waiting, so that a caller who gives up leaves no empty slot either.
        let mut held = Held {
            registry: Arc::clone(self),
            id,
            slot,
            busy: None,
        };
        held.busy = Some(Arc::clone(&held.slot.busy).lock_owned().await);
        held
    }

    /// The guest, whole or not.
    pub(super) fn any(&self, id: GuestId) -> Option<Arc<View>> {
        let slots = lock(&self.slots);
        slots.get(&id).and_then(|slot| lock(&slot.view).clone())
    }

    /// The guest, if it is whole.
    pub(super) fn view(&self, id: GuestId) -> Result<Arc<View>> {
        self.any(id)
            .filter(|view| view.is_whole())
            .ok_or(Error::NotFound { guest: id })
    }

    /// Every guest, whole or not, by id.
    pub(super) fn all(&self) -> Vec<Arc<View>> {
        let slots = lock(&self.slots);
        slots
            .values()
            .filter_map(|slot| lock(&slot.view).clone())
            .collect()
    }

    /// Every guest that is whole, by id.
    pub(super) fn list(&self) -> Vec<Guest> {
        let all = self.all().into_iter();
        all.filter(|view| view.is_whole())
            .map(|view| view.guest())
            .collect()
    }
}

/// A guest's place, held: nobody else does anything to the guest.
#[derive(Debug)]
pub(super) struct Held {
    registry: Arc<Registry>,
    id: GuestId,
    slot: Arc<Slot>,
    /// `None` only while it is waited for.
    busy: Option<OwnedMutexGuard<()>>,
}

impl Held {
    /// Whose place it is.
    pub(super) fn id(&self) -> GuestId {
        self.id
    }

    /// The guest, if there is one.
    pub(super) fn view(&self) -> Option<Arc<View>> {
        lock(&self.slot.view).clone()
    }

    /// The guest.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none.
    pub(super) fn require(&self) -> Result<Arc<View>> {
        self.view().ok_or(Error::NotFound { guest: self.id })
    }

    /// From now on this is the guest here.
    pub(super) fn put(&self, view: Arc<View>) {
        *lock(&self.slot.view) = Some(view);
    }

    /// From now on there is none.
    pub(super) fn take(&self) {
        *lock(&self.slot.view) = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut slots = lock(&self.registry.slots);
        // References are only ever added under this lock. Two are the map's and this one.
        let unused = Arc::strong_count(&self.slot) == 2 && lock(&self.slot.view).is_none();
        if unused {
            slots.remove(&self.id);
        }
    }
}

/// A poisoned lock here holds a whole value: each change is a single one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_no_slot_is_left() {
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
        drop(first);
        assert!(second.await.unwrap());
        assert!(lock(&registry.slots).is_empty());
        assert!(registry.view(id).is_err());
        assert!(registry.list().is_empty());
    }
}
