//! How full a fleet is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How full a fleet is: at one instant, or on the average of time.
///
/// Shares are of what the hosts offer altogether, with their allocation ratios, from 0 to 1; 0 of
/// what no host offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Occupancy {
    /// Servers on the hosts that came with the trace.
    pub servers: f64,
    /// Share of the processors that is claimed.
    pub vcpus: f64,
    /// Share of the memory that is claimed.
    pub memory: f64,
    /// Share of the disk that is claimed.
    pub disk: f64,
    /// Share of the processors that is claimed on hosts that have a server: how densely they are
    /// packed.
    pub density: f64,
    /// Hosts without any server.
    pub empty_hosts: f64,
    /// Share of the processors that is stranded: free, on hosts on which no flavor of the trace
    /// would fit, because something else is short there or too few are left.
    pub stranded_vcpus: f64,
    /// Share of the memory that is stranded, by the same definition.
    pub stranded_memory: f64,
}

/// How full a fleet was at one time of the trace.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sample {
    /// The time, from the beginning of the trace.
    pub at: Duration,
    /// How many servers had found a host by then.
    pub placed: u64,
    /// How many had found none.
    pub refused: u64,
    /// How full the fleet was.
    pub occupancy: Occupancy,
}
