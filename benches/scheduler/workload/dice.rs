//! Draws that repeat from a seed.

use nova_sdk::core::env::ManualClock;
use nova_sdk::prelude::{Env, Timestamp};
use uuid::Uuid;

pub struct Dice(Env);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Env::with_clock(seed, ManualClock::new(Timestamp::EPOCH)))
    }

    /// A number below `bound`, or 0.
    pub fn below(&self, bound: u64) -> u64 {
        let bound = usize::try_from(bound).unwrap();
        u64::try_from(self.0.random_index(bound).unwrap_or(0)).unwrap()
    }

    /// From 0 up to but not including 1.
    pub fn fraction(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let bits = (self.0.random_u64() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// True so often.
    pub fn chance(&self, share: f64) -> bool {
        self.fraction() < share
    }

    /// One of the items.
    pub fn one_of<'a, T>(&self, items: &'a [T]) -> &'a T {
        &items[self.0.random_index(items.len()).unwrap()]
    }

    /// One of the items, each as often as its weight says.
    pub fn weighted<'a, T>(&self, items: &'a [(u64, T)]) -> &'a T {
        let mut lot = self.below(items.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in items {
            if lot < *weight {
                return item;
            }
            lot -= weight;
        }
        unreachable!("the lot is below the sum of the weights")
    }

    pub fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.fill_random(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
