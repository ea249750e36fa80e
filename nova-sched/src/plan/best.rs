//! The best few hosts for one server, by one pass over the columns that count.
//!
//! It gives what [`Ranking`](super::ranking::Ranking) gives, bit for bit, but reckons weights for
//! every row of the fleet first with a multiplication where Nova's formula divides. What that can be wrong by
//! is known; only the hosts that could be among the best by it are weighed by the exact formula.

use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostIndex, MeasureColumn};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;
use crate::weighers::{Multipliers, Scale, Scores, Weigher};

/// The most hosts that are looked for.
const MOST: usize = 32;

/// One host of this many must be left.
const SPARSE: usize = 8;

/// How many hosts are reckoned together, and how many of their numbers are compared side by side.
const GROUP: usize = MeasureColumn::GROUP;
const LANES: usize = 8;

/// With more hosts than this that could be among the best, weighing all of them is better.
const CONTENDERS: usize = 4096;

/// The best `limit` hosts, best first and the earlier of equal ones first, and their weights;
/// `None` where the other way is better or the only one: few hosts are left, or many are alike.
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
    let weighers = scheduler.weighers();
    let terms: Vec<Term<'_>> = weighers
        .filter_map(|weigher| Term::of(weigher, fleet, request, candidates))
        .collect();
    let mut best: Vec<(HostIndex, f64)> = contenders(&terms, fleet, candidates, limit)?
        .into_iter()
        .map(|row| {
            let total = terms
                .iter()
                .fold(0.0, |total, term| total + term.exact(row));
            (HostIndex::from_row(row), total)
        })
        .collect();
    if best.iter().any(|(_, total)| !total.is_finite()) {
        return None;
    }
    // Rows ascend, and sorting is stable.
    best.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    best.truncate(limit);
    Some(best)
}

/// What one weigher adds to the weights.
struct Term<'a> {
    raw: Raw<'a>,
    scale: Scale,
    multipliers: Factor<'a>,
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
    ) -> Option<Self> {
        let multipliers = match weigher.multipliers(request, fleet) {
            Multipliers::Same(multiplier) => match Multipliers::finite(multiplier) {
                0.0 => return None,
                multiplier => Factor::Same(multiplier),
            },
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
        (!scale.is_flat()).then_some(Self {
            raw,
            scale,
            multipliers,
        })
    }

    /// What it adds to the weight of a row, by Nova's formula.
    fn exact(&self, row: usize) -> f64 {
        let raw = match &self.raw {
            Raw::Same(raw) => Some(*raw),
            Raw::Column(column) => column.get(row),
            Raw::Rows(rows) => rows.get(row).copied(),
        };
        let multiplier = match &self.multipliers {
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
        };
        multiplier * self.scale.normalise(raw.unwrap_or(f64::NAN))
    }

    /// Adds about that to the weights of a group.
    fn add(&self, group: usize, sums: &mut [f64; GROUP]) {
        let inverse = self.scale.inverse();
        let low = self.scale.low();
        let raw = match &self.raw {
            Raw::Same(raw) => {
                let weight = (raw.max(low) - low) * inverse;
                for (place, sum) in sums.iter_mut().enumerate() {
                    *sum += self.multiplier(group * GROUP + place) * weight;
                }
                return;
            }
            Raw::Column(column) => column.group(group),
            Raw::Rows(rows) => part(rows, group),
        };
        let each = sums.iter_mut().zip(raw);
        match &self.multipliers {
            Factor::Same(multiplier) => {
                let factor = multiplier * inverse;
                for (sum, raw) in each {
                    *sum += (higher(low, *raw) - low) * factor;
                }
            }
            Factor::Overridden {
                configured,
                sign,
                rows,
            } => {
                for ((sum, raw), row) in each.zip(part(rows, group)) {
                    let factor = overridden(*configured, *sign, *row) * inverse;
                    *sum += (higher(low, *raw) - low) * factor;
                }
            }
            Factor::Rows(rows) => {
                for ((sum, raw), row) in each.zip(part(rows, group)) {
                    *sum += (higher(low, *raw) - low) * (row * inverse);
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

/// The rows that can be among the best `limit`, ascending; `None` if they are too many.
fn contenders(
    terms: &[Term<'_>],
    fleet: &Fleet,
    candidates: &Candidates,
    limit: usize,
) -> Option<Vec<usize>> {
    // Each term is wrong by some units in the last place of what it can reach, and so is each sum.
    let reach: f64 = terms.iter().map(Term::reach).sum();
    let slack = 64.0 * f64::EPSILON * reach;
    let mut found: Vec<(usize, f64)> = Vec::new();
    let mut tops = Tops::new(limit);
    for group in 0..fleet.len().div_ceil(GROUP) {
        let word = candidates.word(group);
        if word == 0 {
            continue;
        }
        let mut sums = [0.0; GROUP];
        for term in terms {
            term.add(group, &mut sums);
        }
        if highest(&sums) < tops.lowest - slack {
            continue;
        }
        for (place, sum) in sums.iter().enumerate() {
            if word >> place & 1 == 1 && *sum >= tops.lowest - slack {
                found.push((group * GROUP + place, *sum));
                tops.offer(*sum);
            }
        }
        if found.len() > CONTENDERS {
            found.retain(|(_, sum)| *sum >= tops.lowest - slack);
            if found.len() > CONTENDERS / 2 {
                return None;
            }
        }
    }
    found.retain(|(_, sum)| *sum >= tops.lowest - slack);
    Some(found.into_iter().map(|(row, _)| row).collect())
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
fn part(rows: &[f64], group: usize) -> &[f64] {
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
