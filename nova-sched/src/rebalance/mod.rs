//! Moves that make a fleet better by a score: servers spread out, hosts emptied, resources that
//! lie idle made of use.
//!
//! Nothing calls this by itself. What a [`Rebalancer`] proposes is a value, as a plan is.

mod load;
mod pack;
mod planner;
mod score;
mod spread;
mod stranded;
mod table;
mod value;

pub use load::{FleetLoad, HostLoad};
pub use pack::Pack;
pub use planner::Rebalancer;
pub use score::Score;
pub use spread::Spread;
pub use stranded::Stranded;
pub use value::{Ending, RebalancePlan, ScoredMove};
