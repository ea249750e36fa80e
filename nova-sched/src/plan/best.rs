//! The best few hosts for one server, by one pass over each column that counts.
//!
//! It gives what [`Ranking`](super::ranking::Ranking) gives, bit for bit, but reckons the weights
//! of all rows of the fleet, those that were filtered out among them: reading columns from end to
//! end is faster than picking rows, unless few are left.

use crate::candidates::Candidates;
use crate::fleet::{Column, Fleet, HostIndex};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;
use crate::weighers::{Multipliers, Scale, Scores, Weigher};

/// The most hosts that are looked for.
pub(super) const MOST: usize = 32;

/// One host of this many must be left.
const SPARSE: usize = 4;

/// How many numbers are compared side by side.
const LANES: usize = 8;

/// How many totals are looked at together for one that is high enough.
const GROUP: usize = 64;

/// The best `limit` hosts, best first and the earlier of equal ones first, and their weights;
/// `None` where the other way is better or the only one: few hosts are left, or weights are no
/// numbers.
pub(super) fn best(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
    candidates: &Candidates,
    limit: usize,
) -> Option<Vec<(HostIndex, f64)>> {
    if limit > MOST || candidates.len() < 2 || candidates.len() * SPARSE < fleet.len() {
        return None;
    }
    let mut sums = Sums::new(fleet, candidates);
    for weigher in scheduler.weighers() {
        sums.add(weigher, fleet, request);
    }
    let best = sums.best(limit);
    (best.len() == limit.min(candidates.len())).then_some(best)
}

/// The weights so far.
struct Sums<'a> {
    candidates: &'a Candidates,
    /// By row: 0 for hosts that are left, infinite for others.
    out: Vec<f64>,
    /// By row.
    totals: Vec<f64>,
    /// The hosts that are left, once a weigher wants them one by one.
    hosts: Vec<HostIndex>,
}

impl<'a> Sums<'a> {
    fn new(fleet: &Fleet, candidates: &'a Candidates) -> Self {
        let mut out = vec![f64::INFINITY; fleet.len()];
        candidates.mark(&mut out, 0.0);
        Self {
            candidates,
            out,
            totals: vec![0.0; fleet.len()],
            hosts: Vec::new(),
        }
    }

    fn add(&mut self, weigher: &dyn Weigher, fleet: &Fleet, request: &PlacementRequest) {
        let bound = weigher.lower_bound();
        match weigher.scores(request, fleet) {
            Scores::Same(raw) => {
                let weight = Scale::of(&[raw], bound).normalise(raw);
                if weight != 0.0 {
                    self.add_each(weigher, fleet, request, |_| weight);
                }
            }
            Scores::Column(column) => {
                let multipliers = weigher.multipliers(request, fleet);
                if multipliers == Multipliers::Same(0.0) {
                    return;
                }
                let scale = self.scale(column, bound);
                if !scale.is_flat() {
                    self.add_column(weigher, fleet, column, scale, &multipliers);
                }
            }
            Scores::Each => {
                let mut raw = Vec::with_capacity(self.candidates.len());
                weigher.sweep(request, fleet, self.hosts(), &mut raw);
                raw.resize(self.candidates.len(), f64::NAN);
                let scale = Scale::of(&raw, bound);
                self.add_each(weigher, fleet, request, |place| scale.normalise(raw[place]));
            }
        }
    }

    fn hosts(&mut self) -> &[HostIndex] {
        if self.hosts.is_empty() {
            self.hosts = self.candidates.iter().collect();
        }
        &self.hosts
    }

    /// Adds what a weigher says of each host that is left, by its place among them.
    fn add_each(
        &mut self,
        weigher: &dyn Weigher,
        fleet: &Fleet,
        request: &PlacementRequest,
        weight: impl Fn(usize) -> f64,
    ) {
        let multipliers = weigher.multipliers(request, fleet);
        self.hosts();
        for (place, host) in self.hosts.iter().enumerate() {
            if let Some(total) = self.totals.get_mut(host.get()) {
                *total += multipliers.of(weigher, fleet, *host) * weight(place);
            }
        }
    }

    fn add_column(
        &mut self,
        weigher: &dyn Weigher,
        fleet: &Fleet,
        column: &Column<f64>,
        scale: Scale,
        multipliers: &Multipliers,
    ) {
        let totals = self.totals.chunks_mut(Column::<f64>::BLOCK);
        match multipliers {
            Multipliers::Same(multiplier) => {
                let multiplier = Multipliers::finite(*multiplier);
                for (totals, raw) in totals.zip(column.blocks()) {
                    for (total, raw) in totals.iter_mut().zip(raw) {
                        *total += multiplier * scale.normalise_within(*raw);
                    }
                }
            }
            Multipliers::Rows(rows) => {
                let rows = rows.chunks(Column::<f64>::BLOCK);
                for ((totals, raw), multipliers) in totals.zip(column.blocks()).zip(rows) {
                    let each = totals.iter_mut().zip(raw).zip(multipliers);
                    for ((total, raw), multiplier) in each {
                        *total += Multipliers::finite(*multiplier) * scale.normalise_within(*raw);
                    }
                }
            }
            Multipliers::Each => {
                self.hosts();
                for host in &self.hosts {
                    if let Some(total) = self.totals.get_mut(host.get()) {
                        let multiplier = multipliers.of(weigher, fleet, *host);
                        *total += multiplier * scale.normalise_within(column[host.get()]);
                    }
                }
            }
        }
    }

    /// From where to where a column reaches, over the hosts that are left.
    fn scale(&self, column: &Column<f64>, bound: Option<f64>) -> Scale {
        let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        let out = self.out.chunks(Column::<f64>::BLOCK);
        for (raw, out) in column.blocks().zip(out) {
            let (raw, raw_rest) = raw.as_chunks::<LANES>();
            let (out, out_rest) = out.as_chunks::<LANES>();
            for (raw, out) in raw.iter().zip(out) {
                for lane in 0..LANES {
                    low[lane] = lower(low[lane], raw[lane] + out[lane]);
                    high[lane] = higher(high[lane], raw[lane] - out[lane]);
                }
            }
            for (raw, out) in raw_rest.iter().zip(out_rest) {
                low[0] = lower(low[0], raw + out);
                high[0] = higher(high[0], raw - out);
            }
        }
        let low = low.into_iter().fold(f64::INFINITY, lower);
        let high = high.into_iter().fold(f64::NEG_INFINITY, higher);
        Scale::between(low, high, bound)
    }

    /// The highest totals of hosts that are left, highest first, the earlier of equal ones first.
    fn best(&self, limit: usize) -> Vec<(HostIndex, f64)> {
        let mut best: Vec<(usize, f64)> = Vec::with_capacity(limit + 1);
        let mut lowest = f64::NEG_INFINITY;
        let groups = self.totals.chunks(GROUP).zip(self.out.chunks(GROUP));
        for (group, (totals, out)) in groups.enumerate() {
            let (lanes, rest) = totals.as_chunks::<LANES>();
            let mut highest = [f64::NEG_INFINITY; LANES];
            for totals in lanes {
                for lane in 0..LANES {
                    highest[lane] = higher(highest[lane], totals[lane]);
                }
            }
            let highest = highest.iter().chain(rest).copied();
            // Most groups hold none, as soon as a few were seen.
            if highest.fold(f64::NEG_INFINITY, higher) <= lowest {
                continue;
            }
            for (place, (total, out)) in totals.iter().zip(out).enumerate() {
                let total = total - out;
                if total > lowest {
                    let gap = best.partition_point(|(_, other)| *other >= total);
                    best.insert(gap, (group * GROUP + place, total));
                    best.truncate(limit);
                    if best.len() == limit {
                        lowest = best.last().map_or(lowest, |(_, total)| *total);
                    }
                }
            }
        }
        best.into_iter()
            .map(|(row, total)| (HostIndex::from_row(row), total))
            .collect()
    }
}

/// The lower of two numbers, as one instruction does it.
fn lower(one: f64, other: f64) -> f64 {
    if other < one { other } else { one }
}

/// The higher of two numbers.
fn higher(one: f64, other: f64) -> f64 {
    if other > one { other } else { one }
}
