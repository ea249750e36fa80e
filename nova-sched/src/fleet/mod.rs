//! The hosts, as a scheduler sees them: one immutable, cheaply cloned snapshot.

mod aggregates;
mod amounts;
mod builder;
mod column;
mod edit;
mod hardware;
mod host_state;
mod liveness;
mod measure;
mod names;
mod overrides;
mod rows;
mod servers;
mod shared;
mod snapshot;
mod stats;
mod update;
mod view;

pub use aggregates::HostAggregate;
pub use amounts::{Amounts, ResourceColumn};
pub use builder::FleetBuilder;
pub use column::Column;
pub use hardware::{HardwareClaim, HardwareError};
pub use host_state::{HostState, Reported, SupportedInstance};
pub use liveness::Liveness;
pub use measure::{Measure, MeasureColumn};
pub use overrides::Overrides;
pub use servers::{PlacedServer, ServerShape, ServerSize};
pub use shared::SharedFleet;
pub(crate) use snapshot::Profile;
pub use snapshot::{Fleet, HostIndex};
pub use stats::Stats;
pub use update::FleetUpdate;
pub use view::HostView;
