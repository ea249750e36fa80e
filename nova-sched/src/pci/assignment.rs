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

/// Why devices cannot be taken or given back as an assignment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PciClaimError {
    /// Fewer of a kind are left than were assigned.
    #[error("{wanted} devices of pool {pool} are wanted, and {left} are left")]
    Missing {
        /// The pool.
        pool: usize,
        /// How many were assigned.
        wanted: u32,
        /// How many are left.
        left: u32,
    },
    /// More of a kind would be left than can be counted: the host cannot have had them.
    #[error("pool {pool} of the PCI devices would have more than 4294967295")]
    TooMany {
        /// The pool.
        pool: usize,
    },
}
