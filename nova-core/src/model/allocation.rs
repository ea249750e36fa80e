//! Resources that a server holds on hosts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Resources;
use crate::id::{HostName, ServerId};

/// A request to hold resources, all of them or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who will hold them.
    pub consumer: ServerId,
    /// What, on which host.
    pub resources: BTreeMap<HostName, Resources>,
}

impl Claim {
    /// A claim on one host.
    pub fn on(host: HostName, consumer: ServerId, resources: Resources) -> Self {
        Self {
            consumer,
            resources: BTreeMap::from([(host, resources)]),
        }
    }
}

/// What a server holds on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Who holds it.
    pub consumer: ServerId,
    /// On which host.
    pub host: HostName,
    /// How much.
    pub resources: Resources,
}
