//! What a filter says of a host.

mod reason;
mod text;
mod value;

pub use reason::{Counted, Reason};
pub use value::Verdict;
