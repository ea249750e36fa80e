//! What happens to a fleet, as messages.

use nova_core::id::{HostName, ServerId};
use nova_core::model::Resources;
use serde::{Deserialize, Serialize};

use super::{Fleet, HostAggregate, HostState, Liveness, PlacedServer};
use crate::error::Result;

/// One thing that happened to a fleet: what a store, a message bus or a log tells a scheduler.
///
/// It is data: it can be written down, sent, and applied to any fleet with [`Fleet::apply`], or to
/// one that many share with [`SharedFleet::apply`](super::SharedFleet::apply).
///
/// ```
/// use nova_sched::{Fleet, FleetUpdate, HostState};
///
/// let mut fleet = Fleet::builder().build();
/// fleet.apply(FleetUpdate::report(HostState::new("node-1".parse()?, "az1".parse()?)))?;
/// let update = r#"{"disabled": {"host": "node-1", "reason": "new firmware"}}"#;
/// fleet.apply(serde_json::from_str(update)?)?;
/// assert_eq!((fleet.len(), fleet.in_service().len()), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FleetUpdate {
    /// A host reported: it is put in the place of the one of its name, with all that is claimed
    /// and placed on it, or else at the end.
    Report(Box<HostState>),
    /// A host and its servers are gone. Nothing happens if it was not there.
    Gone {
        /// The host.
        host: HostName,
    },
    /// A server of which only its resources are known was granted a host.
    Claim {
        /// The host.
        host: HostName,
        /// What the server holds.
        resources: Resources,
    },
    /// Such a server gave its resources back.
    Release {
        /// The host.
        host: HostName,
        /// What the server held.
        resources: Resources,
    },
    /// A server was put onto a host.
    Placed {
        /// The host.
        host: HostName,
        /// The server.
        server: PlacedServer,
    },
    /// A server is gone, from every host that reported it.
    Removed {
        /// The server.
        server: ServerId,
    },
    /// A server is on another host now, and on no other. Of its NUMA cells and PCI devices there
    /// nothing is known: one that has any is `Removed` from the one and `Placed` on the other.
    Moved {
        /// The server.
        server: ServerId,
        /// Its new host.
        to: HostName,
    },
    /// An administrator takes no new servers on a host.
    Disabled {
        /// The host.
        host: HostName,
        /// Why; it may be empty.
        reason: String,
    },
    /// A host takes new servers again.
    Enabled {
        /// The host.
        host: HostName,
    },
    /// What is known of whether a host answers.
    Liveness {
        /// The host.
        host: HostName,
        /// Whether it does.
        liveness: Liveness,
    },
    /// These are the aggregates now, in the place of all that there were.
    Aggregates(Vec<HostAggregate>),
}

impl FleetUpdate {
    /// A host reported.
    pub fn report(host: HostState) -> Self {
        Self::Report(Box::new(host))
    }
}

impl Fleet {
    /// Applies an update in place. A claim is not checked against what is free: whoever granted it
    /// decided that.
    ///
    /// # Errors
    /// [`Error::UnknownHost`](crate::Error::UnknownHost),
    /// [`Error::UnknownServer`](crate::Error::UnknownServer),
    /// [`Error::DuplicateServer`](crate::Error::DuplicateServer); then nothing changed.
    pub fn apply(&mut self, update: FleetUpdate) -> Result<()> {
        match update {
            FleetUpdate::Report(host) => self.set_host(*host),
            FleetUpdate::Gone { host } => {
                self.remove_host(&host);
            }
            FleetUpdate::Claim { host, resources } => self.claim(&host, &resources)?,
            FleetUpdate::Release { host, resources } => self.release(&host, &resources)?,
            FleetUpdate::Placed { host, server } => self.place(&host, server)?,
            FleetUpdate::Removed { server } => {
                self.remove_server(&server)?;
            }
            FleetUpdate::Moved { server, to } => self.move_server(&server, &to)?,
            FleetUpdate::Disabled { host, reason } => self.disable(&host, &reason)?,
            FleetUpdate::Enabled { host } => self.enable(&host)?,
            FleetUpdate::Liveness { host, liveness } => self.set_liveness(&host, liveness)?,
            FleetUpdate::Aggregates(aggregates) => self.set_aggregates(aggregates),
        }
        Ok(())
    }
}
