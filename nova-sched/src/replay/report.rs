//! What a replay found.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{HeatMap, Invariants, Occupancy, Refused, Sample};

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// What the caller called the scheduler.
    pub policy: String,
    /// The name of the trace.
    pub trace: String,
    /// How many hosts there were.
    pub hosts: usize,
    /// How much time was replayed: from the beginning of the trace to its last arrival.
    pub span: Duration,
    /// How many servers were asked for.
    pub arrived: u64,
    /// How many found a host.
    pub placed: u64,
    /// How many found none.
    pub refused: u64,
    /// How many of those found none although as many processors and as much memory and disk as
    /// they asked for were free, but not on one host that would do.
    pub fragmented: u64,
    /// Why they found none, in the order in which the reasons first occurred.
    pub refusals: Vec<Refused>,
    /// How full the fleet was, on the average of time.
    pub mean: Occupancy,
    /// How full it was when most processors were claimed.
    pub peak: Occupancy,
    /// How full it was at the end.
    pub end: Occupancy,
    /// How full it was at equal intervals of time, the beginning and the end among them.
    pub samples: Vec<Sample>,
    /// How full each host was at those times.
    pub heat_map: HeatMap,
    /// What was checked after each decision; `None` if it was not.
    pub invariants: Option<Invariants>,
    /// How long it took; `None` without a clock.
    pub timing: Option<Timing>,
}

/// How long a replay took, by the clock of its [`Observer`](super::Observer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Timing {
    /// How many decisions there were: one per server.
    pub decisions: u64,
    /// The time of the decisions alone.
    pub deciding: Duration,
    /// The time of everything: decisions, claims, releases, checks and figures.
    pub whole: Duration,
}

impl Timing {
    /// Decisions per second of the time that they took themselves.
    pub fn decisions_per_second(&self) -> f64 {
        let seconds = self.deciding.as_secs_f64();
        if seconds > 0.0 {
            self.decisions as f64 / seconds
        } else {
            0.0
        }
    }
}
