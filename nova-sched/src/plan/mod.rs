//! Plans: what was decided, and how it is decided.

mod claimer;
pub(crate) mod dense;
mod diff;
pub(crate) mod filtering;
pub(crate) mod hardware;
mod options;
mod placement;
pub(crate) mod planner;
pub(crate) mod ranking;
mod standing;
mod value;

pub use claimer::{Claimer, Unclaimed};
pub use diff::{Changed, PlanDiff, ServerDiff};
pub use options::{Detail, Draw, PlanOptions};
pub use placement::Placement;
pub use value::Plan;

pub(crate) use planner::Planner;
