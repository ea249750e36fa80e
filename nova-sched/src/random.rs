//! Numbers that look random and repeat from a seed.

use crate::plan::Draw;

/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014): one addition and one mix a number, every seed good. It draws among equal hosts;
/// nothing secret may hang on it.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// An index below `bound`, each equally likely but for 2^-64 × `bound`; 0 if there is none.
    pub(crate) fn index(&mut self, bound: usize) -> usize {
        let product = u128::from(self.next()) * u128::try_from(bound).unwrap_or(0);
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// Puts a slice into a random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.index(place + 1));
        }
    }
}

/// Lots, as the options of a plan say.
#[derive(Debug, Clone)]
pub(crate) enum Lots {
    Random(SplitMix64),
    Last,
}

impl Lots {
    pub(crate) fn new(draw: Draw) -> Self {
        match draw {
            Draw::Seeded(seed) => Self::Random(SplitMix64::new(seed)),
            Draw::Last => Self::Last,
        }
    }

    /// An index below `bound`; 0 if there is none.
    pub(crate) fn index(&mut self, bound: usize) -> usize {
        match self {
            Self::Random(random) => random.index(bound),
            Self::Last => bound.saturating_sub(1),
        }
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        match self {
            Self::Random(random) => random.shuffle(items),
            Self::Last => items.reverse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_published_ones() {
        let mut random = SplitMix64::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn every_index_is_drawn_and_none_beyond() {
        let mut random = SplitMix64::new(0);
        let mut drawn = [0_u32; 5];
        for _ in 0..1000 {
            drawn[random.index(5)] += 1;
        }
        assert!(drawn.iter().all(|count| *count > 120), "{drawn:?}");
        assert_eq!(random.index(0), 0);
        let mut items: Vec<u32> = (0..50).collect();
        random.shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
