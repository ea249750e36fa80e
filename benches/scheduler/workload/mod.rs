//! A fleet and a stream of requests, made from a seed, in the shapes of Nova's own objects, so that
//! Nova can be given the same ones.

mod aggregate;
mod dice;
mod host;
mod request;

use serde::Serialize;

use dice::Dice;

pub use aggregate::Aggregate;
pub use host::Host;
pub use request::{Flavor, Group, Request};

/// The only cell.
pub const CELL: &str = "11111111-1111-4111-8111-111111111111";
/// The availability zones.
pub const ZONES: [&str; 3] = ["az1", "az2", "az3"];
/// When the whole workload takes place.
pub const NOW: &str = "2026-01-01T12:00:00Z";

/// Hosts, aggregates, and what is asked of them in turn.
#[derive(Debug, Serialize)]
pub struct Workload {
    pub meta: Meta,
    pub aggregates: Vec<Aggregate>,
    pub hosts: Vec<Host>,
    pub requests: Vec<Request>,
}

/// What a workload was made of.
#[derive(Debug, Serialize)]
pub struct Meta {
    pub hosts: usize,
    pub requests: usize,
    pub seed: u64,
    pub now: &'static str,
}

impl Workload {
    /// The workload of a seed.
    pub fn new(hosts: usize, requests: usize, seed: u64) -> Self {
        let dice = Dice::new(seed);
        let (fleet, aggregates) = host::fleet(&dice, hosts);
        Self {
            meta: Meta {
                hosts,
                requests,
                seed,
                now: NOW,
            },
            requests: request::stream(&dice, &fleet, requests),
            aggregates,
            hosts: fleet,
        }
    }
}
