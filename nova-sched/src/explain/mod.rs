//! Explanations: what the filters removed and why, what decided, and what would have helped.

mod change;
mod explanation;
mod failure;
mod ranking;
mod relief;
mod shortfall;
mod step;
mod suggest;
mod text;

pub use change::{Change, Suggestion};
pub use explanation::{Explanation, Round};
pub use failure::Failure;
pub use ranking::{Decisive, RankedHost, RankingTable, WeightPart};
pub use shortfall::Shortfall;
pub use step::{FilterStep, Refusal};

pub(crate) use ranking::shown;
pub(crate) use shortfall::shortfalls;
pub(crate) use suggest::suggest;
