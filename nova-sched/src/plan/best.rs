//! The best few hosts for one server, by one pass over the columns that count.
//!
//! It gives what [`Ranking`](super::ranking::Ranking) gives, bit for bit, but reckons weights for
//! every row of the fleet first with a multiplication where Nova's formula divides. What that can be wrong by
//! is known; only the hosts that could be among the best by it are weighed by the exact formula.

use crate::candidates::Candidates;
use crate::explain::WeightPart;
use crate::fleet::{Fleet, HostIndex, MeasureColumn};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;
use crate::weighers::{Multipliers, Scale, Scores, Weigher};

/// The most hosts that are looked for.
pub(crate) const MOST: usize = 32;

/// One host of this many must be left.
const SPARSE: usize = 8;

/// How many hosts are reckoned together, and how many of their numbers are compared side by side.
const GROUP: usize = MeasureColumn::GROUP;
const LANES: usize = 8;

/// When so many hosts could be among the best, they are weighed, and the best of them kept.
const CONTENDERS: usize = 1024;

/// What every weigher says of the hosts that are left, as far as it is needed.
pub(crate) struct Dense<'a> {
    fleet: &'a Fleet,
    candidates: &'a Candidates,
    terms: Vec<Term<'a>>,
}

/// The best hosts, and what the weighers had to do with it.
pub(crate) struct Outcome {
    /// Best first, the earlier of equal ones first, with their weights.
    pub(crate) best: Vec<(HostIndex, f64)>,
    /// How many hosts weigh as much as the best.
    pub(crate) tied: usize,
    /// The host that would be best without each weigher.
    pub(crate) without: Vec<HostIndex>,
}

impl<'a> Dense<'a> {
    /// `None` where the other way is better or the only one: few hosts are left. With `all`,
    /// weighers that add nothing to any weight are kept.
    pub(crate) fn of(
        scheduler: &Scheduler,
        fleet: &'a Fleet,
        request: &PlacementRequest,
        candidates: &'a Candidates,
        all: bool,
    ) -> Option<Self> {
        if candidates.len() < 2 || candidates.len() * SPARSE < fleet.len() {
            return None;
        }
        let terms = scheduler
            .weighers()
            .filter_map(|weigher| Term::of(weigher, fleet, request, candidates, all))
            .collect();
        Some(Self {
            fleet,
            candidates,
            terms,
        })
    }

    /// The best `limit` hosts, best first and the earlier of equal ones first, and their weights;
    /// `None` if a weight is no number.
    pub(crate) fn best(&self, limit: usize) -> Option<Vec<(HostIndex, f64)>> {
        let mut found = Contenders::new(limit, self.slack());
        let exact = |row| self.exact(row, None);
        self.sweep(|group, word, sums, _| found.offer(group, word, sums, exact));
        let best = found.finish(exact);
        best.is_sound().then(|| best.into_hosts())
    }

    /// The same, and what would be without each of the weighers.
    pub(crate) fn outcome(&self, limit: usize) -> Option<Outcome> {
        let slack = self.slack();
        let mut found = Contenders::new(limit, slack);
        let mut without: Vec<Contenders> = self
            .terms
            .iter()
            .map(|_| Contenders::new(1, slack))
            .collect();
        self.sweep(|group, word, sums, parts| {
            found.offer(group, word, sums, |row| self.exact(row, None));
            let each = without.iter_mut().zip(parts).zip(&self.terms);
            for (left_out, ((found, part), term)) in each.enumerate() {
                if !term.idle {
                    let mut rest = *sums;
                    for (rest, part) in rest.iter_mut().zip(part) {
                        *rest -= part;
                    }
                    found.offer(group, word, &rest, |row| self.exact(row, Some(left_out)));
                }
            }
        });
        let best = found.finish(|row| self.exact(row, None));
        let mut sound = best.is_sound();
        let tied = best.tied;
        let best = best.into_hosts();
        let (winner, _) = *best.first()?;
        let mut otherwise = Vec::with_capacity(self.terms.len());
        for (left_out, found) in without.into_iter().enumerate() {
            let others = found.finish(|row| self.exact(row, Some(left_out)));
            sound &= others.is_sound();
            let first = others.into_hosts().first().map(|(host, _)| *host);
            otherwise.push(first.unwrap_or(winner));
        }
        sound.then_some(Outcome {
            best,
            tied,
            without: otherwise,
        })
    }

    /// The weight of a row by Nova's formula, without one of the terms if that is said.
    fn exact(&self, row: usize, left_out: Option<usize>) -> f64 {
        let terms = self.terms.iter().enumerate();
        terms
            .filter(|(place, term)| !term.idle && Some(*place) != left_out)
            .fold(0.0, |total, (_, term)| total + term.exact(row))
    }

    /// What each weigher adds to the weight of a host; for all weighers only where all were kept.
    pub(crate) fn parts(&self, host: HostIndex) -> Vec<WeightPart> {
        let row = host.get();
        self.terms
            .iter()
            .map(|term| WeightPart::new(term.raw(row), term.normalised(row), term.multiplier(row)))
            .collect()
    }

    /// What the sums of a sweep can be wrong by, with a margin: each term is wrong by some units
    /// in the last place of what it can reach, and so is each sum.
    fn slack(&self) -> f64 {
        let reach: f64 = self.terms.iter().map(Term::reach).sum();
        128.0 * f64::EPSILON * reach
    }

    /// Hands over, group by group, which hosts are left, about what they weigh, and of what that is
    /// made.
    fn sweep(&self, mut take: impl FnMut(usize, u64, &[f64; GROUP], &[[f64; GROUP]])) {
        let mut parts = vec![[0.0; GROUP]; self.terms.len()];
        for group in 0..self.fleet.len().div_ceil(GROUP) {
            let word = self.candidates.word(group);
            if word == 0 {
                continue;
            }
            let mut sums = [0.0; GROUP];
            for (term, part) in self.terms.iter().zip(&mut parts) {
                if !term.idle {
                    term.write(group, part);
                    for (sum, part) in sums.iter_mut().zip(part) {
                        *sum += *part;
                    }
                }
            }
            take(group, word, &sums, &parts);
        }
    }
}

/// What one weigher adds to the weights.
struct Term<'a> {
    raw: Raw<'a>,
    lower_bound: Option<f64>,
    scale: Scale,
    multipliers: Factor<'a>,
    /// It adds nothing to any weight.
    idle: bool,
}

enum Raw<'a> {
    Same(f64),
    Column(&'a MeasureColumn),
    /// Of hosts that are left, by row.
    Rows(Vec<f64>),
}

enum Factor<'a> {
    Same(f64),
    Overridden {
        configured: f64,
        sign: f64,
        rows: &'a [f64],
    },
    Rows(Vec<f64>),
}

impl<'a> Term<'a> {
    /// `None` if the weigher adds nothing.
    fn of(
        weigher: &dyn Weigher,
        fleet: &'a Fleet,
        request: &PlacementRequest,
        candidates: &Candidates,
        all: bool,
    ) -> Option<Self> {
        let multipliers = match weigher.multipliers(request, fleet) {
            Multipliers::Same(multiplier) => {
                let multiplier = Multipliers::finite(multiplier);
                if multiplier == 0.0 && !all {
                    return None;
                }
                Factor::Same(multiplier)
            }
            Multipliers::Overridden {
                configured,
                sign,
                rows,
            } if rows.iter().all(|row| !row.is_infinite()) => Factor::Overridden {
                configured: Multipliers::finite(configured),
                sign,
                rows,
            },
            multipliers => {
                let mut rows = vec![0.0; fleet.len()];
                for host in candidates.iter() {
                    if let Some(row) = rows.get_mut(host.get()) {
                        *row = multipliers.of(weigher, fleet, host);
                    }
                }
                Factor::Rows(rows)
            }
        };
        let bound = weigher.lower_bound();
        let (raw, scale) = match weigher.scores(request, fleet) {
            Scores::Same(raw) => (Raw::Same(raw), Scale::of(&[raw], bound)),
            Scores::Column(column) => (
                Raw::Column(column),
                scale_of_column(column, candidates, bound),
            ),
            Scores::Each => {
                let hosts: Vec<HostIndex> = candidates.iter().collect();
                let mut raw = Vec::with_capacity(hosts.len());
                weigher.sweep(request, fleet, &hosts, &mut raw);
                raw.resize(hosts.len(), f64::NAN);
                let scale = Scale::of(&raw, bound);
                let mut rows = vec![0.0; fleet.len()];
                for (host, raw) in hosts.iter().zip(raw) {
                    if let Some(row) = rows.get_mut(host.get()) {
                        *row = scale.tame(raw);
                    }
                }
                (Raw::Rows(rows), scale)
            }
        };
        let idle = scale.is_flat() || matches!(multipliers, Factor::Same(0.0));
        (all || !idle).then_some(Self {
            raw,
            lower_bound: bound,
            scale,
            multipliers,
            idle,
        })
    }

    /// What the weigher says of a row, raised to its lower bound.
    fn raw(&self, row: usize) -> f64 {
        let raw = match &self.raw {
            Raw::Same(raw) => Some(*raw),
            Raw::Column(column) => column.get(row),
            Raw::Rows(rows) => rows.get(row).copied(),
        };
        let raw = raw.unwrap_or(f64::NAN);
        self.lower_bound.map_or(raw, |bound| raw.max(bound))
    }

    fn normalised(&self, row: usize) -> f64 {
        self.scale.normalise(self.raw(row))
    }

    /// What it adds to the weight of a row, by Nova's formula.
    fn exact(&self, row: usize) -> f64 {
        self.multiplier(row) * self.normalised(row)
    }

    /// About that, for a group of rows.
    fn write(&self, group: usize, part: &mut [f64; GROUP]) {
        let inverse = self.scale.inverse();
        let low = self.scale.low();
        let raw = match &self.raw {
            Raw::Same(raw) => {
                let weight = (raw.max(low) - low) * inverse;
                for (place, part) in part.iter_mut().enumerate() {
                    *part = self.multiplier(group * GROUP + place) * weight;
                }
                return;
            }
            Raw::Column(column) => column.group(group),
            Raw::Rows(rows) => part_of(rows, group),
        };
        let each = part.iter_mut().zip(raw);
        match &self.multipliers {
            Factor::Same(multiplier) => {
                let factor = multiplier * inverse;
                for (part, raw) in each {
                    *part = (higher(low, *raw) - low) * factor;
                }
            }
            Factor::Overridden {
                configured,
                sign,
                rows,
            } => {
                for ((part, raw), row) in each.zip(part_of(rows, group)) {
                    let factor = overridden(*configured, *sign, *row) * inverse;
                    *part = (higher(low, *raw) - low) * factor;
                }
            }
            Factor::Rows(rows) => {
                for ((part, raw), row) in each.zip(part_of(rows, group)) {
                    *part = (higher(low, *raw) - low) * (row * inverse);
                }
            }
        }
    }

    fn multiplier(&self, row: usize) -> f64 {
        match &self.multipliers {
            Factor::Same(multiplier) => *multiplier,
            Factor::Overridden {
                configured,
                sign,
                rows,
            } => overridden(
                *configured,
                *sign,
                rows.get(row).copied().unwrap_or(f64::NAN),
            ),
            Factor::Rows(rows) => rows.get(row).copied().unwrap_or(0.0),
        }
    }

    /// The most that it can add to or take from a weight.
    fn reach(&self) -> f64 {
        let most = |rows: &[f64]| rows.iter().fold(0.0, |most, row| higher(most, row.abs()));
        match &self.multipliers {
            Factor::Same(multiplier) => multiplier.abs(),
            Factor::Overridden {
                configured, rows, ..
            } => higher(configured.abs(), most(rows)),
            Factor::Rows(rows) => most(rows),
        }
    }
}

fn overridden(configured: f64, sign: f64, row: f64) -> f64 {
    if row.is_nan() { configured } else { sign * row }
}

/// The best few rows, by sums that may be wrong by some slack first and by exact weights then.
struct Contenders {
    limit: usize,
    /// Those that can be among the best by their sums, ascending.
    rows: Vec<(usize, f64)>,
    tops: Tops,
    slack: f64,
    settled: Settled,
}

/// Rows by their exact weights.
#[derive(Default)]
struct Settled {
    /// Best first, the earlier of equal ones first.
    best: Vec<(usize, f64)>,
    /// How many weigh as much as the best.
    tied: usize,
    /// A weight was no finite number.
    unsound: bool,
}

impl Contenders {
    fn new(limit: usize, slack: f64) -> Self {
        Self {
            limit,
            rows: Vec::new(),
            tops: Tops::new(limit),
            slack,
            settled: Settled::default(),
        }
    }

    /// Takes in a group.
    fn offer(
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

    fn finish(mut self, exact: impl Fn(usize) -> f64) -> Settled {
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

    fn is_sound(&self) -> bool {
        !self.unsound
    }

    fn into_hosts(self) -> Vec<(HostIndex, f64)> {
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
    fn new(limit: usize) -> Self {
        Self {
            sums: Vec::with_capacity(limit + 1),
            limit,
            lowest: f64::NEG_INFINITY,
        }
    }

    fn offer(&mut self, sum: f64) {
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

/// From where to where a column reaches over the hosts that are left. Groups that reach no further
/// than what was seen are not looked into.
fn scale_of_column(column: &MeasureColumn, candidates: &Candidates, bound: Option<f64>) -> Scale {
    let (mut low, mut high) = (bound.unwrap_or(f64::INFINITY), f64::NEG_INFINITY);
    for (group, extremes) in column.extremes().iter().enumerate() {
        if extremes.low >= low && extremes.high <= high {
            continue;
        }
        let word = candidates.word(group);
        for (place, value) in column.group(group).iter().enumerate() {
            if word >> place & 1 == 1 {
                low = if *value < low { *value } else { low };
                high = higher(high, *value);
            }
        }
    }
    Scale::between(low, high, bound)
}

/// A group's part of rows.
fn part_of(rows: &[f64], group: usize) -> &[f64] {
    let from = (group * GROUP).min(rows.len());
    &rows[from..(from + GROUP).min(rows.len())]
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

/// The higher of two numbers, as one instruction does it.
fn higher(one: f64, other: f64) -> f64 {
    if other > one { other } else { one }
}
