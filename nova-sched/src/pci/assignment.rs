//! Devices that were taken.

use serde::{Deserialize, Serialize};

use super::PciPool;

/// Devices of one pool that were taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PciTaken {
    /// Which of the requests they are for.
    pub request: usize,
    /// Which of the host's pools they were in.
    pub pool: usize,
    /// What they are, and how many of them were taken.
    pub devices: PciPool,
}

/// What a server has taken of a host's pools: what [`release`](super::PciPools::release) gives
/// back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PciAssignment {
    taken: Vec<PciTaken>,
}

impl PciAssignment {
    pub(super) fn new(taken: Vec<PciTaken>) -> Self {
        Self { taken }
    }

    /// What was taken of each pool, in the order of the requests.
    pub fn taken(&self) -> &[PciTaken] {
        &self.taken
    }
}

/// Devices were given back that a host cannot have had: more than 2³² of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("pool {pool} of the PCI devices would have more than 4294967295")]
pub struct ReleaseError {
    /// The pool.
    pub pool: usize,
}
