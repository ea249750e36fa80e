//! Replays: a trace of arrivals and departures, driven through a scheduler.
//!
//! Somebody who writes a filter or a weigher wants to know what it does to a fleet in a week. A
//! [`Replay`] takes a [`Trace`] and a [`Fleet`](crate::Fleet), asks a
//! [`Scheduler`](crate::Scheduler) about each server as it comes, claims and releases, and gives a
//! [`Report`]: placed, refused and why, packing, empty hosts, stranded processors and memory.
//! [`Comparison`] puts reports side by side, and [`svg`] draws them.
//!
//! A weigher of one's own, judged on a trace of one's own:
//!
//! ```
//! use nova_core::model::{Inventory, ResourceClass};
//! use nova_sched::replay::{self, Comparison, Replay};
//! use nova_sched::{Fleet, HostState, HostView, PlacementRequest, Scheduler, Weigher};
//!
//! /// Prefers hosts with many servers on them.
//! #[derive(Debug)]
//! struct Crowd;
//!
//! impl Weigher for Crowd {
//!     fn name(&self) -> &str {
//!         "Crowd"
//!     }
//!     fn weigh(&self, _request: &PlacementRequest, host: &HostView<'_>) -> f64 {
//!         host.servers() as f64
//!     }
//!     fn multiplier(&self, _host: &HostView<'_>) -> f64 {
//!         100.0
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut text = String::from("arrives,lifetime,vcpus,memory_mib\n");
//! for minute in 0..100 {
//!     text += &format!("{},1800,{},4096\n", 60 * minute, 1 + minute % 4);
//! }
//! let trace = replay::read_csv("mine", text.as_bytes())?;
//!
//! let mut fleet = Fleet::builder();
//! for number in 1..=10 {
//!     fleet = fleet.host(
//!         HostState::new(format!("node-{number}").parse()?, "az1".parse()?)
//!             .with_inventory(ResourceClass::Vcpu, Inventory::new(16, 0, 1.0)?)
//!             .with_inventory(ResourceClass::MemoryMb, Inventory::new(65_536, 0, 1.0)?),
//!     );
//! }
//!
//! let replay = Replay::new(&trace, fleet.build());
//! let nova = replay.run("Nova's weighers", &Scheduler::default());
//! let mine = Scheduler::builder().with_defaults().weigher(Crowd).build();
//! let mine = replay.run("with Crowd", &mine);
//!
//! assert!(mine.mean.empty_hosts > nova.mean.empty_hosts);
//! println!("{}", Comparison::of([&nova, &mine]));
//! # Ok(())
//! # }
//! ```
//!
//! # What it takes from a trace
//!
//! Time passes from one arrival to the next. What is due to leave by an instant leaves before the
//! first arrival of that instant; a server is there through the instant in which it arrives, also
//! if it lives for no time at all. A server that is refused does not come back. The replay ends
//! with the last arrival.

mod cell_ledger;
mod cluster;
mod comparison;
mod fault_domain;
mod heat_map;
mod invariants;
mod load;
mod observer;
mod occupancy;
mod refusal;
mod report;
mod run;

pub mod svg;
mod tally;
mod trace;

pub use comparison::{Comparison, ComparisonRow};
pub use fault_domain::FaultDomainFilter;
pub use heat_map::HeatMap;
pub use invariants::{Invariants, Violation};
pub use load::{
    AzurePacking, AzureV1, HuaweiCell, HuaweiNuma, HuaweiServer, PackingServer, PackingSize,
    Problem, TraceError, read_csv, sample, write_csv,
};
pub use observer::{Observer, Progress};
pub use occupancy::{Occupancy, Sample};
pub use refusal::Refused;
pub use report::{Report, Timing};
pub use run::Replay;
pub use trace::{FlavorId, GroupId, Trace, TraceBuilder, TraceFlavor, TraceGroup, TraceServer};
