//! What a host has.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::model::{HostTrait, HypervisorInfo};
use nova_core::units::{Gibibytes, Mebibytes};
use serde::{Deserialize, Serialize};

/// What a host has to run guests with, before anything is reserved or lent out twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostInventory {
    /// The hypervisor.
    pub hypervisor: HypervisorInfo,
    /// Logical processors.
    pub vcpus: u32,
    /// Memory.
    pub memory: Mebibytes,
    /// Disk space for guests: the size of the file system, used or not.
    pub disk: Gibibytes,
    /// What the host can do, by the names that `capabilities:` extra specs use.
    pub capabilities: BTreeMap<String, String>,
    /// Its traits.
    pub traits: BTreeSet<HostTrait>,
}
