//! The devices that a host has left.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::selection::Draft;
use super::{PciAssignment, PciClaimError, PciMisfit, PciPool, PciRequest, PciScope, PciTaken};

/// A pool, and whether its last device was taken. Nova drops such a pool; here it stays out of
/// sight, so that devices which come back find their place.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) pool: PciPool,
    pub(super) drained: bool,
}

/// The devices that a host has left, by pool, in the order in which Nova tries them (Nova's
/// `PciDeviceStats`): those of which less is known first.
///
/// It is a value: [`apply`](Self::apply) and [`release`](Self::release) make another one.
///
/// ```
/// use nova_sched::pci::{PciPool, PciPools, PciRequest, PciScope, PciSpec};
///
/// let pools = PciPools::new([
///     PciPool::new("8086", "1520", 2).with_tag("physical_network", "physnet0"),
///     PciPool::new("8086", "1520", 1),
/// ]);
/// let request = PciRequest::new(2, [PciSpec::of("8086", "1520")]);
/// let (left, assignment) = pools.apply(&[request], &PciScope::default())?;
/// assert_eq!(left.iter().map(|pool| pool.count).collect::<Vec<_>>(), [1]);
/// assert_eq!(left.release(&assignment)?, pools);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<PciPool>", into = "Vec<PciPool>")]
pub struct PciPools {
    entries: Vec<Entry>,
}

impl PciPools {
    /// The pools that a host reports.
    pub fn new(pools: impl IntoIterator<Item = PciPool>) -> Self {
        let pools = pools.into_iter().map(|pool| Entry {
            pool,
            drained: false,
        });
        let mut entries: Vec<_> = pools.collect();
        entries.sort_by_key(|entry| entry.pool.keys());
        Self { entries }
    }

    /// No pools.
    pub const fn none() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// The pools that have not been used up.
    pub fn iter(&self) -> impl Iterator<Item = &PciPool> {
        let entries = self.entries.iter().filter(|entry| !entry.drained);
        entries.map(|entry| &entry.pool)
    }

    /// Whether there is no pool left.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// How many devices are left.
    pub fn free(&self) -> u64 {
        self.iter().map(|pool| u64::from(pool.count)).sum()
    }

    /// How many devices are left near to a NUMA cell.
    pub fn free_near(&self, cell: u32) -> u64 {
        self.iter()
            .filter(|pool| pool.numa_node == Some(cell))
            .map(|pool| u64::from(pool.count))
            .sum()
    }

    /// Whether all requests can be served together (Nova's `support_requests`).
    ///
    /// # Errors
    /// [`PciMisfit`] says which request cannot be, after those before it, and why.
    pub fn support(&self, requests: &[PciRequest], scope: &PciScope<'_>) -> Result<(), PciMisfit> {
        self.draft(requests, scope, |_, _| {}).map(|_| ())
    }

    /// Serves all requests (Nova's `apply_requests`): what is left, and what was taken.
    ///
    /// # Errors
    /// As [`support`](Self::support).
    pub fn apply(
        &self,
        requests: &[PciRequest],
        scope: &PciScope<'_>,
    ) -> Result<(Self, PciAssignment), PciMisfit> {
        let mut taken = Vec::new();
        let draft = self.draft(requests, scope, |request, shares| {
            taken.extend(shares.iter().filter_map(|(place, count)| {
                let mut devices = self.entries.get(*place)?.pool.clone();
                devices.count = *count;
                Some(PciTaken {
                    request,
                    pool: *place,
                    devices,
                })
            }));
        })?;
        let left = self.entries.iter().zip(&draft.left).map(|(entry, left)| {
            let mut entry = entry.clone();
            entry.drained = left.is_none();
            entry.pool.count = left.unwrap_or(0);
            entry
        });
        let left = Self {
            entries: left.collect(),
        };
        Ok((left, PciAssignment::new(taken)))
    }

    /// Takes what was assigned to a server, as [`apply`](Self::apply) did when it was assigned.
    ///
    /// # Errors
    /// [`PciClaimError::Missing`] if it is not there any more.
    pub fn claim(&self, assignment: &PciAssignment) -> Result<Self, PciClaimError> {
        let mut claimed = self.clone();
        for taken in assignment.taken() {
            claimed.take_out(taken)?;
        }
        Ok(claimed)
    }

    /// Takes back what was taken: what was there before [`apply`](Self::apply). Devices of which
    /// the host has no pool any more make a new one.
    ///
    /// # Errors
    /// [`PciClaimError::TooMany`] if there would be more of a kind than can be counted.
    pub fn release(&self, assignment: &PciAssignment) -> Result<Self, PciClaimError> {
        let mut released = self.clone();
        for taken in assignment.taken() {
            released.put_back(taken)?;
        }
        Ok(released)
    }

    /// The place of the pool that devices are or were in.
    fn place_of(&self, taken: &PciTaken) -> Option<usize> {
        let like = |entry: &Entry| entry.pool.is_like(&taken.devices);
        match self.entries.get(taken.pool).is_some_and(like) {
            true => Some(taken.pool),
            false => self.entries.iter().position(like),
        }
    }

    fn take_out(&mut self, taken: &PciTaken) -> Result<(), PciClaimError> {
        let wanted = taken.devices.count;
        let place = self.place_of(taken);
        let entry = place.and_then(|place| self.entries.get_mut(place));
        let left = entry.as_ref().map_or(0, |entry| entry.pool.count);
        let rest = left.checked_sub(wanted).ok_or(PciClaimError::Missing {
            pool: taken.pool,
            wanted,
            left,
        })?;
        if let Some(entry) = entry {
            entry.pool.count = rest;
            entry.drained |= rest == 0;
        }
        Ok(())
    }

    fn put_back(&mut self, taken: &PciTaken) -> Result<(), PciClaimError> {
        let place = self.place_of(taken);
        match place.and_then(|place| self.entries.get_mut(place)) {
            Some(entry) => {
                let sum = entry.pool.count.checked_add(taken.devices.count);
                entry.pool.count = sum.ok_or(PciClaimError::TooMany { pool: taken.pool })?;
                entry.drained = false;
            }
            None => {
                self.entries.push(Entry {
                    pool: taken.devices.clone(),
                    drained: false,
                });
                self.entries.sort_by_key(|entry| entry.pool.keys());
            }
        }
        Ok(())
    }

    fn draft<'a>(
        &'a self,
        requests: &'a [PciRequest],
        scope: &PciScope<'a>,
        mut served: impl FnMut(usize, &[(usize, u32)]),
    ) -> Result<Draft<'a>, PciMisfit> {
        let mut draft = Draft::new(&self.entries);
        for (place, request) in requests.iter().enumerate() {
            match draft.take(request, scope) {
                Ok(shares) => served(place, &shares),
                Err((shortage, left)) => {
                    return Err(PciMisfit {
                        request: place,
                        alias: request.alias_name.clone(),
                        wanted: request.count,
                        left,
                        shortage,
                    });
                }
            }
        }
        Ok(draft)
    }
}

impl PartialEq for PciPools {
    /// Whether both have the same left. Pools that are used up do not count.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for PciPools {}

impl fmt::Debug for PciPools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl FromIterator<PciPool> for PciPools {
    fn from_iter<I: IntoIterator<Item = PciPool>>(pools: I) -> Self {
        Self::new(pools)
    }
}

impl From<Vec<PciPool>> for PciPools {
    fn from(pools: Vec<PciPool>) -> Self {
        Self::new(pools)
    }
}

impl From<PciPools> for Vec<PciPool> {
    fn from(pools: PciPools) -> Self {
        pools.iter().cloned().collect()
    }
}
