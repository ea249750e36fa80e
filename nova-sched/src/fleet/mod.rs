//! The hosts, as a scheduler sees them: one immutable, cheaply cloned snapshot.

mod amounts;
mod builder;
mod edit;
mod host_state;
mod liveness;
mod snapshot;
mod view;

pub use amounts::{Amounts, ResourceColumn};
pub use builder::FleetBuilder;
pub use host_state::HostState;
pub use liveness::Liveness;
pub use snapshot::{Fleet, HostIndex};
pub use view::HostView;
