//! Weighers: which of the hosts that will do is best. Names are those of Nova's classes.

mod cpu;
mod disk;
mod measured;
mod multiplier;
mod normalise;
mod ram;
mod weigher;

pub use cpu::CPUWeigher;
pub use disk::DiskWeigher;
pub(crate) use multiplier::python_float;
pub use multiplier::{AggregateMultiplier, Multipliers};
pub(crate) use normalise::Scale;
pub use normalise::normalise;
pub use ram::RAMWeigher;
pub use weigher::{Scores, Weigher};
