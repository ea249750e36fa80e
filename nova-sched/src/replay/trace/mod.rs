//! Traces: which servers came, when they left, and what they asked for.

mod builder;
mod value;

pub use builder::TraceBuilder;
pub use value::{FlavorId, GroupId, Trace, TraceFlavor, TraceGroup, TraceServer};
