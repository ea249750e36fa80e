//! The guests that the driver knows, each with its lock.

use std::sync::Arc;

use super::machine::Machine;
use crate::error::{Error, Result};
use crate::guest::{Guest, GuestId};
use crate::host::registry;

/// The guests, by id.
pub(super) type Registry = registry::Registry<Machine>;

/// A guest's place, held: nobody else does anything to the guest.
pub(super) type Held = registry::Held<Machine>;

impl Registry {
    /// The guest.
    pub(super) fn require(&self, id: GuestId) -> Result<Arc<Machine>> {
        self.find(id).ok_or(Error::NotFound { guest: id })
    }

    /// Every guest, by id.
    pub(super) fn list(&self) -> Vec<Guest> {
        let all = self.all().into_iter();
        all.map(|machine| machine.view.guest()).collect()
    }
}
