//! The mock and its shared state.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use nova_core::KeyedLocks;
use tokio::sync::watch;
use tokio::time::Instant;

use super::builder::MockBuilder;
use super::state::HostState;
use super::{GuestBehaviour, Operation};
use crate::event::{EventKind, EventSender, Events};
use crate::guest::GuestId;

/// A hypervisor in memory: see the [module](super).
///
/// Clones are handles on the same host. A test keeps one while the code under test has another;
/// new code over the same handle finds the guests again, as after a restart.
#[derive(Clone)]
pub struct MockHypervisor {
    pub(super) shared: Arc<Shared>,
}

/// What the handles share.
pub(super) struct Shared {
    pub(super) config: MockBuilder,
    /// One operation at a time for each guest.
    pub(super) locks: KeyedLocks<GuestId>,
    /// Wakes what waits when the host goes down or comes back: the epoch of the state.
    pub(super) epoch: watch::Sender<u64>,
    /// Wakes what hangs: how often it was released.
    pub(super) releases: watch::Sender<u64>,
    pub(super) made_at: Instant,
    state: Mutex<HostState>,
    /// Made for the first listener: a fleet of thousands that nobody listens to needs no buffers.
    events: OnceLock<EventSender>,
}

impl MockHypervisor {
    /// A host of the usual size, without latency or faults.
    pub fn new(name: impl Into<String>) -> Self {
        Self::builder(name).build()
    }

    /// Begins a host. The name is for whoever reads the test; the interface does not have it.
    pub fn builder(name: impl Into<String>) -> MockBuilder {
        MockBuilder::new(name.into())
    }

    /// A fleet of hosts, named `prefix-0001` and so on, each made from what `configure` says.
    ///
    /// ```
    /// use nova_virt::mock::MockHypervisor;
    ///
    /// let fleet = MockHypervisor::fleet("rack-a", 3, |index, host| host.vcpus(16 << index));
    /// assert_eq!(fleet[2].name(), "rack-a-0003");
    /// ```
    pub fn fleet(
        prefix: &str,
        hosts: usize,
        mut configure: impl FnMut(usize, MockBuilder) -> MockBuilder,
    ) -> Vec<Self> {
        (0..hosts)
            .map(|index| configure(index, Self::builder(format!("{prefix}-{:04}", index + 1))))
            .map(MockBuilder::build)
            .collect()
    }

    pub(super) fn from_builder(config: MockBuilder) -> Self {
        let state = HostState::new(config.journal_limit);
        let shared = Shared {
            config,
            locks: KeyedLocks::default(),
            epoch: watch::Sender::new(state.epoch),
            releases: watch::Sender::new(0),
            made_at: Instant::now(),
            state: Mutex::new(state),
            events: OnceLock::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The host's name.
    pub fn name(&self) -> &str {
        &self.shared.config.name
    }
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, HostState> {
        // A panic of a test's closure (a condition of a fault) leaves nothing half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn behaviour(&self, state: &HostState, guest: GuestId) -> GuestBehaviour {
        state
            .behaviours
            .get(&guest)
            .unwrap_or(&self.config.behaviour)
            .clone()
    }

    /// Tells an event. Call it with the state locked, so that events have its order.
    pub(super) fn tell(&self, guest: GuestId, kind: EventKind) {
        if let Some(events) = self.events.get() {
            events.send(guest, kind);
        }
    }

    pub(super) fn subscribe(&self) -> Events {
        self.events.get_or_init(EventSender::new).subscribe()
    }

    pub(super) fn latency(&self, operation: Operation) -> std::time::Duration {
        self.config.latency.of(operation)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (up, guests) = {
            let state = self.state();
            (state.up, state.guests.len())
        };
        f.debug_struct("MockHypervisor")
            .field("name", &self.config.name)
            .field("up", &up)
            .field("guests", &guests)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MockHypervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.shared, f)
    }
}
