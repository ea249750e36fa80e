//! Choices that repeat from a seed.

use crate::random::SplitMix64;

pub(super) struct Dice(SplitMix64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// From 0 to `most`.
    pub(super) fn up_to(&mut self, most: u64) -> u64 {
        let bound = usize::try_from(most)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        u64::try_from(self.0.index(bound)).unwrap_or(0)
    }

    /// True one time in so many.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.0.index(times) == 0
    }

    /// One of them; the default of the type where there is none.
    pub(super) fn of<T: Clone + Default>(&mut self, choices: &[T]) -> T {
        choices
            .get(self.0.index(choices.len()))
            .cloned()
            .unwrap_or_default()
    }
}
