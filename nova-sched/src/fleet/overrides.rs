//! What aggregates say of a multiplier.

/// The multipliers of hosts whose aggregates name one, by the metadata key of a weigher: for each
/// the lowest, where all are numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Overrides {
    /// By row; meaningless where the host has none.
    rows: Vec<f64>,
    /// Which of 64 hosts that follow each other have one, the first in the lowest bit.
    words: Vec<u64>,
    reach: f64,
}

const BITS: usize = 64;

impl Overrides {
    pub(super) fn none(hosts: usize) -> Self {
        Self {
            rows: vec![0.0; hosts],
            words: vec![0; hosts.div_ceil(BITS)],
            reach: 0.0,
        }
    }

    /// One more row, which has none.
    pub(super) fn push(&mut self) {
        self.rows.push(0.0);
        self.words.resize(self.rows.len().div_ceil(BITS), 0);
    }

    /// What is not finite counts as 0.
    pub(super) fn set(&mut self, row: usize, multiplier: f64) {
        let multiplier = if multiplier.is_finite() {
            multiplier
        } else {
            0.0
        };
        if let (Some(place), Some(word)) = (self.rows.get_mut(row), self.words.get_mut(row / BITS))
        {
            *place = multiplier;
            *word |= 1 << (row % BITS);
            self.reach = self.reach.max(multiplier.abs());
        }
    }

    /// The multiplier of a row, if its aggregates name one.
    pub fn get(&self, row: usize) -> Option<f64> {
        let named = self.word(row / BITS) >> (row % BITS) & 1 == 1;
        self.rows.get(row).copied().filter(|_| named)
    }

    /// Which of 64 hosts that follow each other have one.
    pub(crate) fn word(&self, group: usize) -> u64 {
        self.words.get(group).copied().unwrap_or(0)
    }

    /// The largest, without its sign.
    pub(crate) fn reach(&self) -> f64 {
        self.reach
    }
}
