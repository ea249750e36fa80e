//! Who can be among the best.

use super::{GROUP, higher};
use crate::fleet::HostIndex;

/// When so many hosts could be among the best, they are weighed, and the best of them kept.
const CONTENDERS: usize = 1024;

/// How many numbers are compared side by side.
const LANES: usize = 8;

/// The best few rows, by sums that may be wrong by some slack first and by exact weights then.
pub(super) struct Contenders {
    limit: usize,
    /// Those that can be among the best by their sums, ascending.
    rows: Vec<(usize, f64)>,
    tops: Tops,
    slack: f64,
    settled: Settled,
}

/// Rows by their exact weights.
#[derive(Default)]
pub(super) struct Settled {
    /// Best first, the earlier of equal ones first.
    best: Vec<(usize, f64)>,
    /// How many weigh as much as the best.
    pub(super) tied: usize,
    /// A weight was no finite number.
    unsound: bool,
}

impl Contenders {
    pub(super) fn new(limit: usize, slack: f64) -> Self {
        Self {
            limit,
            rows: Vec::new(),
            tops: Tops::new(limit),
            slack,
            settled: Settled::default(),
        }
    }

    /// Takes in a group.
    pub(super) fn offer(
        &mut self,
        group: usize,
        word: u64,
        sums: &[f64; GROUP],
        exact: impl Fn(usize) -> f64,
    ) {
        if highest(sums) < self.tops.lowest - self.slack {
            return;
        }
        for (place, sum) in sums.iter().enumerate() {
            if word >> place & 1 == 1 && *sum >= self.tops.lowest - self.slack {
                self.rows.push((group * GROUP + place, *sum));
                self.tops.offer(*sum);
            }
        }
        if self.rows.len() > CONTENDERS {
            self.settle(exact);
        }
    }

    /// Weighs those that can still be among the best, and keeps the best of them.
    fn settle(&mut self, exact: impl Fn(usize) -> f64) {
        let least = self.tops.lowest - self.slack;
        for (row, sum) in self.rows.drain(..) {
            if sum >= least {
                self.settled.take(row, exact(row), self.limit);
            }
        }
    }

    pub(super) fn finish(mut self, exact: impl Fn(usize) -> f64) -> Settled {
        self.settle(exact);
        self.settled
    }
}

impl Settled {
    /// Takes in one more row, which is later than those before it.
    fn take(&mut self, row: usize, weight: f64, limit: usize) {
        self.unsound |= !weight.is_finite();
        match self.best.first() {
            Some((_, best)) if weight < *best => {}
            Some((_, best)) if weight == *best => self.tied += 1,
            _ => self.tied = 1,
        }
        let gap = self.best.partition_point(|(_, other)| *other >= weight);
        if gap < limit {
            self.best.insert(gap, (row, weight));
            self.best.truncate(limit);
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        !self.unsound
    }

    pub(super) fn into_hosts(self) -> Vec<(HostIndex, f64)> {
        let best = self.best.into_iter();
        best.map(|(row, weight)| (HostIndex::from_row(row), weight))
            .collect()
    }
}

/// The highest few numbers so far.
struct Tops {
    sums: Vec<f64>,
    limit: usize,
    /// The last of them, once there are as many as are wanted.
    lowest: f64,
}

impl Tops {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            sums: Vec::with_capacity(limit + 1),
            limit,
            lowest: f64::NEG_INFINITY,
        }
    }

    pub(super) fn offer(&mut self, sum: f64) {
        if sum > self.lowest {
            let gap = self.sums.partition_point(|other| *other >= sum);
            self.sums.insert(gap, sum);
            self.sums.truncate(self.limit);
            if self.sums.len() == self.limit {
                self.lowest = self.sums.last().copied().unwrap_or(self.lowest);
            }
        }
    }
}

fn highest(sums: &[f64; GROUP]) -> f64 {
    let mut lanes = [f64::NEG_INFINITY; LANES];
    for sums in sums.as_chunks::<LANES>().0 {
        for (lane, sum) in lanes.iter_mut().zip(sums) {
            *lane = higher(*lane, *sum);
        }
    }
    lanes.into_iter().fold(f64::NEG_INFINITY, higher)
}
