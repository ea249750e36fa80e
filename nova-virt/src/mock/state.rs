//! What a mock host holds.

use std::collections::BTreeMap;

use nova_core::state::PowerState;
use nova_core::units::Bytes;

use super::GuestBehaviour;
use super::fault::FaultScript;
use super::journal::Recorder;
use crate::guest::{Guest, GuestId};
use crate::spec::VmSpec;

/// The host, under one lock.
#[derive(Debug)]
pub(super) struct HostState {
    /// Whether the host is up.
    pub(super) up: bool,
    /// How often it went down or came back: what waited across such a change has failed.
    pub(super) epoch: u64,
    pub(super) guests: BTreeMap<GuestId, MockGuest>,
    /// The sizes of the disks, by guest and place in its specification. They are made before
    /// their guest and removed after it.
    pub(super) disks: BTreeMap<(GuestId, usize), Bytes>,
    /// How single guests behave.
    pub(super) behaviours: BTreeMap<GuestId, GuestBehaviour>,
    pub(super) recorder: Recorder,
    pub(super) faults: FaultScript,
}

/// A guest, with what it wrote to its console.
#[derive(Debug)]
pub(super) struct MockGuest {
    pub(super) spec: VmSpec,
    pub(super) power_state: PowerState,
    console: Vec<u8>,
}

impl HostState {
    pub(super) fn new(journal_limit: usize) -> Self {
        Self {
            up: true,
            epoch: 0,
            guests: BTreeMap::new(),
            disks: BTreeMap::new(),
            behaviours: BTreeMap::new(),
            recorder: Recorder::new(journal_limit),
            faults: FaultScript::default(),
        }
    }

    pub(super) fn remove_disks(&mut self, guest: GuestId) {
        self.disks.retain(|(owner, _), _| *owner != guest);
    }
}

impl MockGuest {
    /// How much of the console is kept.
    const CONSOLE_LIMIT: usize = 1 << 20;

    pub(super) fn new(spec: VmSpec) -> Self {
        Self {
            spec,
            power_state: PowerState::Shutdown,
            console: Vec::new(),
        }
    }

    pub(super) fn describe(&self) -> Guest {
        Guest {
            id: self.spec.id,
            name: self.spec.name.clone(),
            power_state: self.power_state,
        }
    }

    pub(super) fn write(&mut self, text: &[u8]) {
        self.console.extend_from_slice(text);
        let excess = self.console.len().saturating_sub(Self::CONSOLE_LIMIT);
        self.console.drain(..excess);
    }

    pub(super) fn console_end(&self, max_bytes: usize) -> Vec<u8> {
        let skip = self.console.len().saturating_sub(max_bytes);
        self.console.get(skip..).unwrap_or_default().to_vec()
    }
}
