//! Capabilities that extra specs ask for.

mod attributes;
mod filter;
mod operators;
mod value;

pub use filter::ComputeCapabilitiesFilter;
pub use operators::{OperatorError, matches_extra_spec};
