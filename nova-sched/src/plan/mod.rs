//! Plans: what was decided, and how it is decided.

mod filtering;
mod options;
mod placement;
mod planner;
pub(crate) mod ranking;
mod value;

pub use options::{Detail, PlanOptions};
pub use placement::Placement;
pub use value::Plan;

pub(crate) use planner::Planner;
