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

/// How lots are drawn, where the scheduler draws any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Draw {
    /// At random from a seed, for example `Env::random_u64`. The scheduler has no source of
    /// randomness of its own, so that a plan can be repeated.
    Seeded(u64),
    /// Always the last one, and in the opposite order where hosts are shuffled: for tests.
    Last,
}

impl Default for Draw {
    fn default() -> Self {
        Self::Seeded(0)
    }
}

/// How to plan: what does not belong to the request.
///
/// ```
/// use nova_sched::{Detail, Draw, PlanOptions};
///
/// let options = PlanOptions::default().with_seed(7).with_detail(Detail::Off);
/// assert_eq!((options.draw, options.detail), (Draw::Seeded(7), Detail::Off));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanOptions {
    /// How lots are drawn.
    pub draw: Draw,
    /// How much is recorded for [`Plan::explain`](crate::Plan::explain).
    pub detail: Detail,
    /// Whether claims are made, and may be refused, while the plan is made.
    pub(crate) claiming: bool,
}

impl PlanOptions {
    /// The same with a seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.draw = Draw::Seeded(seed);
        self
    }

    /// The same with another way of drawing.
    #[must_use]
    pub fn with_draw(mut self, draw: Draw) -> Self {
        self.draw = draw;
        self
    }

    /// The same with a level of detail.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }
}
