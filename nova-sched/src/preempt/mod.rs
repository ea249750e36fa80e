//! Room for a request at the cost of servers of lower priority.
//!
//! Nothing calls this by itself: a plan that finds no host says so, and whoever wants to make
//! room asks a [`Preemption`] then. What it proposes is a value, as a plan is.

mod cost;
mod planner;
mod search;
mod trial;
mod value;

pub use planner::Preemption;
pub use value::{PreemptionPlan, PreemptionStep, ServerStop, StopReason};
