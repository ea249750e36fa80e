//! The guests that the driver knows, each with its lock.

use std::sync::Arc;

use super::view::View;
use crate::error::{Error, Result};
use crate::guest::{Guest, GuestId};
use crate::host::registry;

/// The guests, by id, whole or not.
pub(super) type Registry = registry::Registry<View>;

/// A guest's place, held: nobody else does anything to the guest.
pub(super) type Held = registry::Held<View>;

impl Registry {
    /// The guest, if it is whole.
    pub(super) fn view(&self, id: GuestId) -> Result<Arc<View>> {
        self.find(id)
            .filter(|view| view.is_whole())
            .ok_or(Error::NotFound { guest: id })
    }

    /// Every guest that is whole, by id.
    pub(super) fn list(&self) -> Vec<Guest> {
        let all = self.all().into_iter();
        all.filter(|view| view.is_whole())
            .map(|view| view.guest())
            .collect()
    }
}
