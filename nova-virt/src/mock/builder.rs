//! How a mock is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use nova_core::model::{HostTrait, HypervisorInfo};
use nova_core::units::{Gibibytes, Mebibytes};

use super::{GuestBehaviour, MockHypervisor, Operation};
use crate::inventory::HostInventory;

/// Makes a [`MockHypervisor`]: [`MockHypervisor::builder`].
///
/// ```
/// use std::time::Duration;
/// use nova_core::units::Mebibytes;
/// use nova_virt::HypervisorExt;
/// use nova_virt::mock::{MockHypervisor, Operation};
///
/// let mock = MockHypervisor::builder("host-1")
///     .vcpus(128)
///     .memory(Mebibytes::new(1 << 20))
///     .trait_("HW_CPU_X86_AVX2".parse()?)
///     .capability("rack", "a-3")
///     .latency(Operation::Spawn, Duration::from_secs(4))
///     .without_pause()
///     .build();
/// assert!(!mock.capabilities().pause);
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it builds"]
pub struct MockBuilder {
    pub(super) name: String,
    pub(super) inventory: HostInventory,
    pub(super) latency: Latency,
    pub(super) behaviour: GuestBehaviour,
    pub(super) pause: bool,
    pub(super) console_log: bool,
    pub(super) strict_capacity: bool,
    pub(super) journal_limit: usize,
}

impl MockBuilder {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            inventory: HostInventory {
                hypervisor: HypervisorInfo::new(super::DRIVER, 1_000_000, "x86_64"),
                vcpus: 64,
                memory: Mebibytes::new(256 << 10),
                disk: Gibibytes::new(4 << 10),
                capabilities: BTreeMap::new(),
                traits: BTreeSet::new(),
            },
            latency: Latency::default(),
            behaviour: GuestBehaviour::default(),
            pause: true,
            console_log: true,
            strict_capacity: false,
            journal_limit: 1 << 16,
        }
    }

    /// Its logical processors: 64 unless told otherwise.
    pub fn vcpus(mut self, vcpus: u32) -> Self {
        self.inventory.vcpus = vcpus;
        self
    }

    /// Its memory: 256 GiB unless told otherwise.
    pub fn memory(mut self, memory: Mebibytes) -> Self {
        self.inventory.memory = memory;
        self
    }

    /// Its disk space: 4 TiB unless told otherwise.
    pub fn disk(mut self, disk: Gibibytes) -> Self {
        self.inventory.disk = disk;
        self
    }

    /// The hypervisor that it says to be: `mock` of version 1.0.0 for `x86_64` unless told
    /// otherwise.
    pub fn hypervisor(mut self, hypervisor: HypervisorInfo) -> Self {
        self.inventory.hypervisor = hypervisor;
        self
    }

    /// Adds a trait.
    pub fn trait_(mut self, name: HostTrait) -> Self {
        self.inventory.traits.insert(name);
        self
    }

    /// Adds a capability, by the name that `capabilities:` extra specs use.
    pub fn capability(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.inventory
            .capabilities
            .insert(name.into(), value.into());
        self
    }

    /// How long an operation takes: no time unless told otherwise.
    pub fn latency(mut self, operation: Operation, latency: Duration) -> Self {
        self.latency.fixed.insert(operation, latency);
        self
    }

    /// How long each call takes; asked once for each. Takes the place of what
    /// [`latency`](Self::latency) said.
    ///
    /// ```
    /// use nova_core::Env;
    /// use nova_virt::mock::MockHypervisor;
    /// use std::time::Duration;
    ///
    /// let env = Env::system();
    /// let mock = MockHypervisor::builder("host-1")
    ///     .latency_by(move |_| env.random_duration(Duration::ZERO, Duration::from_secs(2)))
    ///     .build();
    /// # let _ = mock;
    /// ```
    pub fn latency_by(
        mut self,
        latency: impl Fn(Operation) -> Duration + Send + Sync + 'static,
    ) -> Self {
        self.latency.by = Some(Arc::new(latency));
        self
    }

    /// How its guests behave.
    pub fn behaviour(mut self, behaviour: GuestBehaviour) -> Self {
        self.behaviour = behaviour;
        self
    }

    /// It cannot pause guests.
    pub fn without_pause(mut self) -> Self {
        self.pause = false;
        self
    }

    /// It cannot read console logs.
    pub fn without_console_log(mut self) -> Self {
        self.console_log = false;
        self
    }

    /// It refuses a spawn for which it has no processors, memory or disk space left. Without this
    /// it takes whatever comes, as hypervisors do: not to ask too much is a scheduler's work.
    pub fn strict_capacity(mut self) -> Self {
        self.strict_capacity = true;
        self
    }

    /// How many calls the journal keeps: the latest 65,536 unless told otherwise.
    pub fn journal_limit(mut self, calls: usize) -> Self {
        self.journal_limit = calls;
        self
    }

    /// The mock.
    pub fn build(self) -> MockHypervisor {
        MockHypervisor::from_builder(self)
    }
}

/// How long operations take.
#[derive(Clone, Default)]
pub(super) struct Latency {
    fixed: BTreeMap<Operation, Duration>,
    by: Option<Arc<dyn Fn(Operation) -> Duration + Send + Sync>>,
}

impl Latency {
    pub(super) fn of(&self, operation: Operation) -> Duration {
        match &self.by {
            Some(by) => by(operation),
            None => self.fixed.get(&operation).copied().unwrap_or_default(),
        }
    }
}

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latency")
            .field("fixed", &self.fixed)
            .finish_non_exhaustive()
    }
}
