//! One fleet for many schedulers: fed in one place, read by all.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Fleet, FleetUpdate};
use crate::error::Result;

/// A fleet that feeds and schedulers share. Clones are handles to the same fleet.
///
/// Whoever learns something [applies](Self::apply) it; whoever plans takes a
/// [snapshot](Self::snapshot), which costs one pointer and never changes, and plans for as long as
/// it likes without holding anybody up. Many schedulers may choose the same room that way: the
/// store's claim decides, and the claims that were granted are applied here.
///
/// ```
/// use nova_core::model::{Inventory, ResourceClass, Resources};
/// use nova_sched::{FleetUpdate, HostState, PlacementRequest, Scheduler, SharedFleet};
///
/// let fleet = SharedFleet::default();
/// let node = HostState::new("node-1".parse()?, "az1".parse()?)
///     .with_inventory(ResourceClass::MemoryMb, Inventory::new(4096, 0, 1.0)?);
/// fleet.apply(FleetUpdate::report(node))?;
///
/// let request = PlacementRequest::new(Resources::new().with(ResourceClass::MemoryMb, 3072));
/// let snapshot = fleet.snapshot();
/// let plan = Scheduler::default().plan(&snapshot, &request);
/// for placement in plan.placements() {
///     // Here the store is asked to grant the claim. It does, so everybody is told.
///     fleet.apply(FleetUpdate::Claim {
///         host: placement.host.clone(),
///         resources: plan.resources().clone(),
///     })?;
/// }
/// // The snapshot stays what it was; the next one shows that the node is full.
/// assert!(Scheduler::default().plan(&snapshot, &request).is_placed());
/// assert!(!Scheduler::default().plan(&fleet.snapshot(), &request).is_placed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct SharedFleet {
    current: Arc<RwLock<Fleet>>,
}

impl SharedFleet {
    /// Shares a fleet.
    pub fn new(fleet: Fleet) -> Self {
        Self {
            current: Arc::new(RwLock::new(fleet)),
        }
    }

    /// The fleet as it is now: one pointer is copied, whatever its size.
    pub fn snapshot(&self) -> Fleet {
        self.read(Fleet::clone)
    }

    /// How many edits there were.
    pub fn generation(&self) -> u64 {
        self.read(Fleet::generation)
    }

    /// Applies an update, and returns the generation that it made. Where a snapshot is still held,
    /// the blocks of the columns that the update touches are copied; the rest stays shared.
    ///
    /// # Errors
    /// As [`Fleet::apply`]; then nothing changed.
    pub fn apply(&self, update: FleetUpdate) -> Result<u64> {
        self.edit(|fleet| fleet.apply(update).map(|()| fleet.generation()))
    }

    /// Applies updates in their order, so that no snapshot shows a part of them only, and returns
    /// the generation that they made.
    ///
    /// # Errors
    /// What the first one that fails says; then none of them is applied.
    pub fn apply_all(&self, updates: impl IntoIterator<Item = FleetUpdate>) -> Result<u64> {
        // Before the lock is taken: an iterator may want a snapshot.
        let updates: Vec<FleetUpdate> = updates.into_iter().collect();
        self.edit(|fleet| {
            let mut edited = fleet.clone();
            let mut updates = updates.into_iter().peekable();
            while let Some(update) = updates.next() {
                let FleetUpdate::Gone { host } = update else {
                    edited.apply(update)?;
                    continue;
                };
                // The hosts behind move up once for all that go.
                let mut gone = vec![host];
                while let Some(FleetUpdate::Gone { host }) =
                    updates.next_if(|next| matches!(next, FleetUpdate::Gone { .. }))
                {
                    gone.push(host);
                }
                edited.remove_hosts(&gone);
            }
            *fleet = edited;
            Ok(fleet.generation())
        })
    }

    /// Puts a fleet that was made anew in the place of the one that there is, and returns its
    /// generation: one beyond both, so that generations never go back.
    pub fn replace(&self, fleet: Fleet) -> u64 {
        self.edit(|current| {
            let generation = current.generation().max(fleet.generation());
            *current = fleet.with_generation(generation.wrapping_add(1));
            current.generation()
        })
    }

    fn read<T>(&self, read: impl FnOnce(&Fleet) -> T) -> T {
        // No caller's code runs while the lock is held, so a poisoned fleet is a whole one.
        read(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn edit<T>(&self, edit: impl FnOnce(&mut Fleet) -> T) -> T {
        edit(&mut self.current.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<Fleet> for SharedFleet {
    fn from(fleet: Fleet) -> Self {
        Self::new(fleet)
    }
}

impl fmt::Debug for SharedFleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedFleet")
            .field(&self.snapshot())
            .finish()
    }
}
