//! One server that goes to another host.

use std::fmt;
use std::sync::Arc;

use nova_core::id::{HostName, ServerId};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::fleet::{Fleet, HardwareClaim};

/// One server that goes to another host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerMove {
    /// The server.
    pub server: ServerId,
    /// Where it is.
    pub from: HostName,
    /// Where it goes.
    pub to: HostName,
    /// What it gets of the new host's NUMA cells and PCI devices; `None` if it asks for none.
    #[serde(default)]
    pub hardware: Option<Arc<HardwareClaim>>,
}

impl ServerMove {
    pub(crate) fn new(server: ServerId, from: &HostName, to: &HostName) -> Self {
        Self {
            server,
            from: from.clone(),
            to: to.clone(),
            hardware: None,
        }
    }

    pub(crate) fn with_hardware(mut self, claim: HardwareClaim) -> Self {
        self.hardware = (!claim.is_empty()).then(|| Arc::new(claim));
        self
    }

    /// Makes the move in a fleet. What is free is not checked, but for NUMA cells and PCI devices.
    ///
    /// # Errors
    /// [`Error::UnknownServer`](crate::Error::UnknownServer),
    /// [`Error::UnknownHost`](crate::Error::UnknownHost),
    /// [`Error::HardwareClaim`](crate::Error::HardwareClaim); then nothing changed.
    pub fn apply(&self, fleet: &mut Fleet) -> Result<()> {
        if self.hardware.is_none() {
            return fleet.move_server(&self.server, &self.to);
        }
        let mut after = fleet.clone();
        let (_, mut moved) = after.remove_server(&self.server)?;
        moved.hardware.clone_from(&self.hardware);
        after.place(&self.to, moved)?;
        *fleet = after;
        Ok(())
    }
}

impl fmt::Display for ServerMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "move {} from {} to {}", self.server, self.from, self.to)
    }
}
