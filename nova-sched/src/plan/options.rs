//! How to plan.

use serde::{Deserialize, Serialize};

/// How much of its reasons a plan records.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Nothing but the decision.
    Off,
    /// How many hosts each filter removed.
    Counts,
    /// Reasons, weights, the decisive weighers, and the smallest change that would have fitted.
    #[default]
    Full,
}

/// How to plan: what does not belong to the request.
///
/// ```
/// use nova_sched::{Detail, PlanOptions};
///
/// let options = PlanOptions::default().with_seed(7).with_detail(Detail::Off);
/// assert_eq!((options.seed, options.detail), (7, Detail::Off));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanOptions {
    /// What the lots are drawn from, for example `Env::random_u64`. The scheduler has no source
    /// of randomness of its own, so that a plan can be repeated.
    pub seed: u64,
    /// How much is recorded for [`Plan::explain`](crate::Plan::explain).
    pub detail: Detail,
}

impl PlanOptions {
    /// The same with a seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The same with a level of detail.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }
}
