//! A whole control plane in one process.

mod builder;
mod running;

pub use builder::CloudBuilder;
pub use running::Cloud;
