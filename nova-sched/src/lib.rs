//! A scheduler for virtual machines that can be taken alone: Nova's filters and weighers over an
//! immutable snapshot of hosts, and plans that explain themselves.
//!
//! It is pure and synchronous: no I/O, no clock, no thread, no randomness of its own. The caller
//! makes a [`Fleet`] from what is known of the hosts, asks a [`Scheduler`] for a [`Plan`], and
//! commits the plan or throws it away.
//!
//! ```
//! use nova_sched::model::{Flavor, Inventory, ResourceClass};
//! use nova_sched::units::{Gibibytes, Mebibytes};
//! use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let host = |name: &str, zone: &str, memory| {
//!     Ok::<_, nova_sched::nova_core::Error>(
//!         HostState::new(name.parse()?, zone.parse()?)
//!             .with_inventory(ResourceClass::Vcpu, Inventory::new(32, 0, 4.0)?)
//!             .with_inventory(ResourceClass::MemoryMb, Inventory::new(memory, 512, 1.0)?)
//!             .with_inventory(ResourceClass::DiskGb, Inventory::new(1000, 0, 1.0)?),
//!     )
//! };
//! let fleet = Fleet::builder()
//!     .host(host("node-1", "az1", 65_536)?)
//!     .host(host("node-2", "az1", 131_072)?)
//!     .host(host("node-3", "az2", 262_144)?.with_disabled("new firmware"))
//!     .build();
//!
//! let flavor =
//!     Flavor::builder("m1.large".parse()?, 4, Mebibytes::new(8192), Gibibytes::new(80)).build()?;
//! let scheduler = Scheduler::default();
//! let plan = scheduler.plan(&fleet, &PlacementRequest::for_flavor(&flavor));
//! println!("{}", plan.explain());
//! let placements = plan.into_result()?;
//! assert_eq!(placements[0].host.as_str(), "node-2");
//! assert_eq!(placements[0].alternates[0].as_str(), "node-1");
//!
//! // What if node-2 went away? A plan that nobody commits is a what-if.
//! let without = fleet.without_host(&"node-2".parse()?);
//! let plan = scheduler.plan(&without, &PlacementRequest::for_flavor(&flavor));
//! assert_eq!(plan.placements()[0].host.as_str(), "node-1");
//! # Ok(())
//! # }
//! ```
//!
//! # Parts
//!
//! * [`Fleet`]: the hosts, in columns behind shared pointers; [`HostView`] is one of them.
//!   [`SharedFleet`] is one that is fed by updates while many plan with it.
//! * [`Filter`]: which hosts will do. [`filters`] holds those of Nova, and what Nova asks of its
//!   Placement service; one of your own is ten lines.
//! * [`Weigher`]: which of them is best. [`weighers`] holds those of Nova.
//! * [`Scheduler`]: filters and weighers in order. [`Scheduler::plan`] decides;
//!   [`Scheduler::plan_claiming`] claims meanwhile, as Nova does. [`Registry`] makes one from a
//!   [`Config`] with Nova's names and options.
//! * [`Plan`]: hosts, alternates, and [`Plan::explain`]: hosts removed by each filter with typed
//!   reasons, weights, the decisive weigher, and the smallest change that would have fitted;
//!   [`Plan::diff`] compares two.
//! * [`numa`] and [`pci`]: NUMA cells and PCI devices of hosts, and what fits onto them.
//! * [`preempt`] and [`rebalance`]: plans that move or stop servers, for those who ask for them.
//! * [`replay`]: traces of arrivals and departures through a scheduler, to judge it.
//! * [`testing`]: the laws that filters and weighers keep, for the tests of whoever writes one.
//! * [`id`], [`model`], [`units`]: the values that hosts, requests and plans are made of: names,
//!   resources, inventories, flavors. They are those of [`nova_core`], which need not be named as a
//!   dependency of its own.
//!
//! # What it does not do
//!
//! It claims nothing by itself: two plans from one fleet may choose the same room, and whoever
//! commits them finds out. It keeps no state between plans, opens no file, reads no clock, and logs
//! nothing.

mod candidates;
mod error;
pub mod explain;
pub mod filters;
pub mod fleet;
pub mod moves;
pub mod numa;
pub mod pci;
mod plan;
pub mod preempt;
mod python;
mod random;
pub mod rebalance;
pub mod registry;
pub mod replay;
mod request;
mod scheduler;
pub mod testing;
mod text;
mod verdict;
pub mod weighers;

/// The crate that ids, resources, flavors and their [`Error`](nova_core::Error) come from: here
/// they are in the version that this crate speaks of.
pub use nova_core;
#[doc(no_inline)]
pub use nova_core::{id, model, units};

pub use candidates::Candidates;
pub use error::{Error, NoValidHost, Result};
pub use explain::{Change, Explanation, Failure, Suggestion};
pub use filters::{Filter, Stage};
pub use fleet::{
    Amounts, Column, Fleet, FleetBuilder, FleetUpdate, HardwareClaim, HardwareError, HostAggregate,
    HostIndex, HostState, HostView, Liveness, Measure, MeasureColumn, PlacedServer, Reported,
    ServerShape, ServerSize, SharedFleet, Stats, SupportedInstance,
};
pub use plan::{
    Changed, Claimer, Detail, Draw, Placement, Plan, PlanDiff, PlanOptions, ServerDiff, Unclaimed,
};
pub use registry::{Config, Registry};
pub use request::{Destination, Fulfilment, GroupRequest, PlacementRequest, RequestImage};
pub use scheduler::{Scheduler, SchedulerBuilder};
pub use verdict::{Counted, Reason, Verdict};
pub use weighers::Weigher;

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
