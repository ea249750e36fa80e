//! Finding cells of a host for the cells of a server.

mod attempt;
mod leaking;
mod matching;
mod network;
mod options;
mod order;
mod pages;
mod pinning;
mod search;

pub use leaking::LeakingSearch;
pub use options::{CellOrder, FitOptions, NumaLimits, NumaSettings, PciFit};
