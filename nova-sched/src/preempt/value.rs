//! What is proposed.

use std::fmt;
use std::sync::Arc;

use nova_core::id::{HostName, ServerId};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::explain::Explanation;
use crate::fleet::{Fleet, HardwareClaim, PlacedServer};
use crate::moves::ServerMove;
use crate::plan::Placement;
use crate::request::PlacementRequest;

/// How room is made for a request: which servers to move, which to stop, and where the servers of
/// the request go then.
///
/// The steps are in an order in which they can be carried out one by one: none of them puts a
/// server onto a host that has no room for it at that time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PreemptionPlan {
    /// The generation of the fleet that it was made from.
    pub generation: u64,
    /// What to do, in order.
    pub steps: Vec<PreemptionStep>,
    /// Where each server of the request goes. Those that room was made for have no alternates.
    pub placements: Vec<Placement>,
    /// Whether the victims are known to be the fewest: of those sets of victims that
    /// [`Preemption`](super::Preemption) looks for, none is smaller. If not, the search was cut
    /// off at its bounds.
    pub exact: bool,
    /// Why there was no room without; or the ordinary plan, if there was.
    pub explanation: Explanation,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum PreemptionStep {
    /// Moves a server of lower priority to another host.
    Move(ServerMove),
    /// Stops a server of lower priority.
    Stop(ServerStop),
    /// Builds a server of the request.
    Place {
        /// Which of them, from 1.
        server: u32,
        /// Its id, if it is known.
        id: Option<ServerId>,
        /// Its host.
        host: HostName,
        /// What it gets of the host's NUMA cells and PCI devices; `None` if it asks for none.
        #[serde(default)]
        hardware: Option<Arc<HardwareClaim>>,
    },
}

/// A server that is to be stopped, and to give back what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerStop {
    /// The server.
    pub server: ServerId,
    /// Where it is.
    pub host: HostName,
    /// Its priority.
    pub priority: i32,
    /// Why it is not moved.
    pub reason: StopReason,
}

/// Why a server is stopped and not moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// It may not be moved.
    Unmovable,
    /// No other host takes it, together with the others that are moved.
    NoHost,
}

impl PreemptionPlan {
    /// What each server of the request holds, and all else that was asked for.
    pub fn request(&self) -> &PlacementRequest {
        &self.explanation.request
    }

    /// The servers to move, in order.
    pub fn moves(&self) -> impl Iterator<Item = &ServerMove> {
        self.steps.iter().filter_map(|step| match step {
            PreemptionStep::Move(server) => Some(server),
            _ => None,
        })
    }

    /// The servers to stop, in order.
    pub fn stops(&self) -> impl Iterator<Item = &ServerStop> {
        self.steps.iter().filter_map(|step| match step {
            PreemptionStep::Stop(server) => Some(server),
            _ => None,
        })
    }

    /// How many servers are moved or stopped.
    pub fn victims(&self) -> usize {
        self.moves().count() + self.stops().count()
    }

    /// The fleet as it is when every step is done. What is free is not checked.
    ///
    /// # Errors
    /// [`Error::UnknownServer`](crate::Error::UnknownServer),
    /// [`Error::UnknownHost`](crate::Error::UnknownHost),
    /// [`Error::DuplicateServer`](crate::Error::DuplicateServer),
    /// [`Error::HardwareClaim`](crate::Error::HardwareClaim): the fleet is another one than the
    /// plan was made from.
    pub fn apply(&self, fleet: &Fleet) -> Result<Fleet> {
        let mut fleet = fleet.clone();
        for step in &self.steps {
            step.apply(self.request(), &mut fleet)?;
        }
        Ok(fleet)
    }
}

impl PreemptionStep {
    /// Does the step in a fleet, for the request that it was planned for.
    ///
    /// # Errors
    /// As [`PreemptionPlan::apply`]; then nothing changed.
    pub fn apply(&self, request: &PlacementRequest, fleet: &mut Fleet) -> Result<()> {
        match self {
            Self::Move(server_move) => server_move.apply(fleet),
            Self::Stop(stop) => fleet.remove_server(&stop.server).map(drop),
            Self::Place {
                id, host, hardware, ..
            } => {
                let unknown = || Error::UnknownHost { host: host.clone() };
                let index = fleet.index_of(host).ok_or_else(unknown)?;
                // A server that is on another host already stays there until it was moved.
                match id.filter(|id| fleet.host_of(id).is_none()) {
                    Some(id) => {
                        let mut server = PlacedServer::new(id, request.shape());
                        server.hardware.clone_from(hardware);
                        // Whether it can be placed at all.
                        fleet.with_server(host, server.clone())?;
                        fleet.build_at(index, server);
                    }
                    None => {
                        let (resources, size) = (request.resources(), request.size());
                        let none = HardwareClaim::default();
                        let hardware = hardware.as_deref().unwrap_or(&none);
                        fleet.claim_at(index, resources, &size, hardware);
                    }
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for PreemptionPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (moves, stops) = (self.moves().count(), self.stops().count());
        match (moves, stops) {
            (0, 0) => writeln!(f, "There is room: nothing has to be moved or stopped.")?,
            _ => writeln!(
                f,
                "Room is made by {} and {}{}.",
                Counted(moves, "move"),
                Counted(stops, "stop"),
                if self.exact {
                    ""
                } else {
                    " (fewer may do: not all was tried)"
                }
            )?,
        }
        for (number, step) in (1..).zip(&self.steps) {
            writeln!(f, "  {number}. {step}")?;
        }
        Ok(())
    }
}

struct Counted(usize, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.0, self.1)
    }
}

impl fmt::Display for PreemptionStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Move(server) => server.fmt(f),
            Self::Stop(stop) => stop.fmt(f),
            Self::Place {
                server, id, host, ..
            } => match id {
                Some(id) => write!(f, "build {id} on {host}"),
                None => write!(f, "build server {server} on {host}"),
            },
        }
    }
}

impl fmt::Display for ServerStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.reason {
            StopReason::Unmovable => "it may not be moved",
            StopReason::NoHost => "no other host takes it",
        };
        let (server, host, priority) = (self.server, &self.host, self.priority);
        write!(f, "stop {server} on {host} (priority {priority}; {why})")
    }
}
