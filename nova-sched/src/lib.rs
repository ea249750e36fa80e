//! A scheduler for virtual machines that can be taken alone: Nova's filters and weighers over an
//! immutable snapshot of hosts, and plans that explain themselves.
//!
//! It is pure and synchronous: no I/O, no clock, no thread, no randomness of its own. The caller
//! makes a [`Fleet`] from what is known of the hosts, asks a [`Scheduler`] for a [`Plan`], and
//! commits the plan or throws it away.
//!
//! ```
//! use nova_core::model::{Flavor, Inventory, ResourceClass};
//! use nova_core::units::{Gibibytes, Mebibytes};
//! use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let host = |name: &str, zone: &str, memory| {
//!     Ok::<_, nova_core::Error>(
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
//! * [`Filter`]: which hosts will do. [`filters`] holds those of Nova; one of your own is ten
//!   lines.
//! * [`Weigher`]: which of them is best. [`weighers`] holds those of Nova.
//! * [`Scheduler`]: filters and weighers in order. [`Scheduler::plan`] decides.
//! * [`Plan`]: hosts, alternates, and [`Plan::explain`]: hosts removed by each filter with typed
//!   reasons, weights, the decisive weigher, and the smallest change that would have fitted.
//! * [`testing`]: the laws that filters and weighers keep, checked in their authors' tests; hosts
//!   and requests in a line each.
//!
//! # What it does not do
//!
//! It claims nothing: two plans from one fleet may choose the same room, and whoever commits them
//! finds out. It keeps no state between plans, reads no configuration, and logs nothing.

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
