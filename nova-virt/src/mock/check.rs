//! Whether a mock is in order.

use std::fmt;

use super::MockHypervisor;
use crate::guest::GuestId;

/// Something that should not be there, or is not there and should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Leak {
    /// A disk whose guest does not exist.
    Disk {
        /// The guest that it was made for.
        guest: GuestId,
        /// Its place in the guest's specification.
        place: usize,
    },
    /// A guest without one of its disks.
    MissingDisk {
        /// The guest.
        guest: GuestId,
        /// The disk's place in the guest's specification.
        place: usize,
    },
}

impl MockHypervisor {
    /// What is not in order; nothing, if all promises were kept. Guests that a call works on
    /// right now are left out.
    pub fn check(&self) -> Vec<Leak> {
        let state = &*self.shared.state();
        let orphans = state
            .disks
            .keys()
            .filter(|(guest, _)| !state.guests.contains_key(guest))
            .map(|&(guest, place)| Leak::Disk { guest, place });
        let incomplete = state.guests.iter().flat_map(|(&guest, made)| {
            (0..made.spec.disks.len())
                .filter(move |&place| !state.disks.contains_key(&(guest, place)))
                .map(move |place| Leak::MissingDisk { guest, place })
        });
        orphans
            .chain(incomplete)
            .filter(|leak| !self.shared.locks.is_busy(&leak.guest()))
            .collect()
    }
}

impl Leak {
    fn guest(&self) -> GuestId {
        match *self {
            Self::Disk { guest, .. } | Self::MissingDisk { guest, .. } => guest,
        }
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk { guest, place } => {
                write!(
                    f,
                    "disk {place} is left of guest {guest}, which does not exist"
                )
            }
            Self::MissingDisk { guest, place } => write!(f, "guest {guest} lacks its disk {place}"),
        }
    }
}
