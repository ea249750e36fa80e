//! What one weigher adds.

use super::{GROUP, higher};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostIndex, MeasureColumn, Overrides};
use crate::request::PlacementRequest;
use crate::weighers::{Multipliers, Scale, Scores, Weigher};

/// What one weigher adds to the weights.
pub(super) struct Term<'a> {
    raw: Raw<'a>,
    lower_bound: Option<f64>,
    scale: Scale,
    multipliers: Factor<'a>,
    /// It adds nothing to any weight.
    pub(super) idle: bool,
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
        overrides: &'a Overrides,
    },
    Rows(Vec<f64>),
}

impl<'a> Term<'a> {
    /// `None` if the weigher adds nothing.
    pub(super) fn of(
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
                overrides,
            } => Factor::Overridden {
                configured: Multipliers::finite(configured),
                sign,
                overrides,
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
    pub(super) fn raw(&self, row: usize) -> f64 {
        let raw = match &self.raw {
            Raw::Same(raw) => Some(*raw),
            Raw::Column(column) => column.get(row),
            Raw::Rows(rows) => rows.get(row).copied(),
        };
        let raw = raw.unwrap_or(f64::NAN);
        self.lower_bound.map_or(raw, |bound| raw.max(bound))
    }

    pub(super) fn normalised(&self, row: usize) -> f64 {
        self.scale.normalise(self.raw(row))
    }

    /// What it adds to the weight of a row, by Nova's formula.
    pub(super) fn exact(&self, row: usize) -> f64 {
        self.multiplier(row) * self.normalised(row)
    }

    /// About that, for a group of rows.
    pub(super) fn write(&self, group: usize, part: &mut [f64; GROUP]) {
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
            Factor::Overridden { .. } => {
                for (place, (part, raw)) in each.enumerate() {
                    let factor = self.multiplier(group * GROUP + place) * inverse;
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

    /// What it adds to every host of a group, where it is the same for all of them; else it is added
    /// to the sums, but for the part that is.
    ///
    /// `factor` × raw is added, and `factor` × low is taken from the part that is the same: raw
    /// weights below the low end are those of hosts that are out, unless there is a lower bound.
    pub(super) fn add(&self, group: usize, sums: &mut [f64; GROUP]) -> f64 {
        let inverse = self.scale.inverse();
        let low = self.scale.low();
        let (multiplier, overrides) = match &self.multipliers {
            Factor::Same(multiplier) => (*multiplier, None),
            Factor::Overridden {
                configured,
                sign,
                overrides,
            } => (*configured, Some((*sign, *overrides))),
            Factor::Rows(_) => return self.add_parts(group, sums),
        };
        let Raw::Column(column) = &self.raw else {
            return self.add_parts(group, sums);
        };
        let Some(extremes) = column.extremes().get(group) else {
            return 0.0;
        };
        let factor = multiplier * inverse;
        let raw = column.group(group);
        if let Some((sign, overrides)) = overrides {
            let mut word = overrides.word(group);
            while word != 0 {
                let place = usize::try_from(word.trailing_zeros()).unwrap_or(0);
                word &= word - 1;
                let row = overrides.get(group * GROUP + place).unwrap_or(0.0);
                if let (Some(sum), Some(raw)) = (sums.get_mut(place), raw.get(place)) {
                    *sum += (higher(low, *raw) - low) * ((sign * row - multiplier) * inverse);
                }
            }
        }
        if extremes.low >= extremes.high {
            return (higher(low, extremes.low) - low) * factor;
        }
        let each = sums.iter_mut().zip(raw);
        if self.lower_bound.is_some() && extremes.low < low {
            for (sum, raw) in each {
                *sum += higher(low, *raw) * factor;
            }
        } else {
            for (sum, raw) in each {
                *sum += raw * factor;
            }
        }
        -low * factor
    }

    fn add_parts(&self, group: usize, sums: &mut [f64; GROUP]) -> f64 {
        let mut part = [0.0; GROUP];
        self.write(group, &mut part);
        for (sum, part) in sums.iter_mut().zip(&part) {
            *sum += part;
        }
        0.0
    }

    pub(super) fn multiplier(&self, row: usize) -> f64 {
        match &self.multipliers {
            Factor::Same(multiplier) => *multiplier,
            Factor::Overridden {
                configured,
                sign,
                overrides,
            } => overrides
                .get(row)
                .map_or(*configured, |multiplier| sign * multiplier),
            Factor::Rows(rows) => rows.get(row).copied().unwrap_or(0.0),
        }
    }

    /// The largest number that is reckoned with, without its sign.
    pub(super) fn reach(&self) -> f64 {
        let multiplier = match &self.multipliers {
            Factor::Same(multiplier) => multiplier.abs(),
            Factor::Overridden {
                configured,
                overrides,
                ..
            } => configured.abs() + overrides.reach(),
            Factor::Rows(rows) => rows.iter().fold(0.0, |most, row| higher(most, row.abs())),
        };
        multiplier * self.scale.reach()
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
