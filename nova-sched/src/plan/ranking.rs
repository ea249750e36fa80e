//! Weighing, sorting and drawing.

use std::cmp::Ordering;

use crate::explain::Failure;
use crate::fleet::{Fleet, HostIndex};
use crate::random::Lots;
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;
use crate::weighers::{Multipliers, Scale, Scores, Weigher};

/// Hosts and their weights, in the order in which they came out of the filters.
pub(crate) struct Ranking {
    pub(crate) hosts: Vec<HostIndex>,
    pub(crate) totals: Vec<f64>,
    /// One per weigher, in order; empty if they were not run or are not kept.
    pub(crate) parts: Vec<Part>,
}

/// What one weigher said of each host.
pub(crate) struct Part {
    raw: Raw,
    lower_bound: Option<f64>,
    scale: Scale,
    factor: Factor,
}

/// Raw weights, in the order of the hosts that are weighed.
enum Raw {
    Same(f64),
    Each(Vec<f64>),
}

/// How many times each normalised weight counts.
enum Factor {
    Same(f64),
    Each(Vec<f64>),
}

impl Part {
    /// Asks one weigher. `buffer` is given back by [`add`](Self::add) to be used again.
    pub(super) fn of(
        weigher: &dyn Weigher,
        fleet: &Fleet,
        request: &PlacementRequest,
        hosts: &[HostIndex],
        mut buffer: Vec<f64>,
    ) -> Self {
        buffer.clear();
        let lower_bound = weigher.lower_bound();
        let raw = match weigher.scores(request, fleet) {
            Scores::Same(raw) => Raw::Same(raw),
            Scores::Column(column) => {
                let values = column.values();
                buffer.extend(hosts.iter().map(|host| values[host.get()]));
                Raw::Each(buffer)
            }
            Scores::Each => {
                weigher.sweep(request, fleet, hosts, &mut buffer);
                buffer.resize(hosts.len(), f64::NAN);
                Raw::Each(buffer)
            }
        };
        let scale = match &raw {
            Raw::Same(raw) => Scale::of(std::slice::from_ref(raw), lower_bound),
            Raw::Each(raw) => Scale::of(raw, lower_bound),
        };
        let factor = match weigher.multipliers(request, fleet) {
            Multipliers::Same(multiplier) => Factor::Same(Multipliers::finite(multiplier)),
            multipliers => Factor::Each(
                hosts
                    .iter()
                    .map(|host| multipliers.of(weigher, fleet, *host))
                    .collect(),
            ),
        };
        Self {
            raw,
            lower_bound,
            scale,
            factor,
        }
    }

    /// Adds multiplier × normalised weight to each total.
    fn add(&self, totals: &mut [f64]) {
        let Raw::Each(raw) = &self.raw else {
            let Raw::Same(raw) = self.raw else { return };
            let weight = self.scale.normalise(raw);
            if weight != 0.0 {
                for (place, total) in totals.iter_mut().enumerate() {
                    *total += self.multiplier(place) * weight;
                }
            }
            return;
        };
        match &self.factor {
            Factor::Same(0.0) => {}
            Factor::Same(multiplier) => {
                for (total, raw) in totals.iter_mut().zip(raw) {
                    *total += multiplier * self.scale.normalise(*raw);
                }
            }
            Factor::Each(multipliers) => {
                for ((total, raw), multiplier) in totals.iter_mut().zip(raw).zip(multipliers) {
                    *total += multiplier * self.scale.normalise(*raw);
                }
            }
        }
    }

    fn into_buffer(self) -> Vec<f64> {
        match self.raw {
            Raw::Each(buffer) => buffer,
            Raw::Same(_) => Vec::new(),
        }
    }

    /// What the weigher said of the host at a place, raised to its lower bound.
    pub(crate) fn raw(&self, place: usize) -> f64 {
        let raw = match &self.raw {
            Raw::Same(raw) => *raw,
            Raw::Each(raw) => raw.get(place).copied().unwrap_or(f64::NAN),
        };
        self.lower_bound.map_or(raw, |bound| raw.max(bound))
    }

    /// The same on the scale 0 to 1.
    pub(crate) fn normalised(&self, place: usize) -> f64 {
        self.scale.normalise(self.raw(place))
    }

    pub(super) fn scale(&self) -> Scale {
        self.scale
    }

    /// What it says of every host, if it says the same without being asked for each.
    pub(super) fn same(&self) -> Option<f64> {
        match self.raw {
            Raw::Same(raw) => Some(raw),
            Raw::Each(_) => None,
        }
    }

    /// Whether it adds nothing to any weight, however the raw weights change.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.factor, Factor::Same(0.0))
    }

    /// How much it counts for the host at a place.
    pub(crate) fn multiplier(&self, place: usize) -> f64 {
        match &self.factor {
            Factor::Same(multiplier) => *multiplier,
            Factor::Each(multipliers) => multipliers.get(place).copied().unwrap_or(0.0),
        }
    }
}

/// The first host that a weigher cannot weigh, asked in Nova's order, where the scheduler is one
/// that gives the request up then. One host alone is not weighed.
pub(crate) fn first_unweighable(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
    hosts: &[HostIndex],
) -> Option<Failure> {
    if !scheduler.malformed_fails_request() || hosts.len() < 2 {
        return None;
    }
    scheduler.weighers().find_map(|weigher| {
        hosts.iter().find_map(|index| {
            let host = fleet.host(*index);
            let reason = weigher.unweighable(request, &host)?;
            Some(Failure::new(weigher.name(), host.name(), reason))
        })
    })
}

/// What lots are drawn about: hosts in some form, best first.
pub(crate) enum Lot<'a, T> {
    /// These will be shuffled.
    Shuffled(&'a [T]),
    /// From these the first will be drawn.
    Drawn(&'a [T]),
}

/// Places in a ranking, best first, and among how many the first was drawn by lot.
pub(crate) struct Order {
    pub(crate) places: Vec<usize>,
    pub(crate) drawn_from: usize,
}

impl Ranking {
    /// Weighs the hosts. One host alone is not weighed, as in Nova: its weight is 0.
    pub(crate) fn new(
        scheduler: &Scheduler,
        fleet: &Fleet,
        request: &PlacementRequest,
        hosts: Vec<HostIndex>,
        keep_parts: bool,
    ) -> Self {
        let mut totals = vec![0.0; hosts.len()];
        let mut parts = Vec::new();
        if hosts.len() > 1 {
            let mut buffer = Vec::new();
            for weigher in scheduler.weighers() {
                let part = Part::of(weigher, fleet, request, &hosts, std::mem::take(&mut buffer));
                part.add(&mut totals);
                if keep_parts {
                    parts.push(part);
                } else {
                    buffer = part.into_buffer();
                }
            }
        }
        Self {
            hosts,
            totals,
            parts,
        }
    }

    /// The places of the best `limit` hosts, best first and the earlier of equal ones first; then
    /// the lots are drawn as Nova draws them, and `told` hears of each.
    pub(crate) fn order(
        &self,
        scheduler: &Scheduler,
        limit: usize,
        lots: &mut Lots,
        told: impl FnMut(Lot<'_, usize>),
    ) -> Order {
        let shuffled = scheduler.shuffles_best();
        let limit = if shuffled { self.hosts.len() } else { limit };
        let mut places = best_first(&self.totals, limit.max(scheduler.host_subset_size()));
        let drawn_from = draw(
            &mut places,
            |place| self.totals[place],
            scheduler,
            lots,
            told,
        );
        Order { places, drawn_from }
    }

    /// The place of the best host without drawing, where one weigher does not count.
    pub(crate) fn winner_without(&self, left_out: usize) -> Option<usize> {
        let totals: Vec<f64> = (0..self.hosts.len())
            .map(|place| {
                let parts = self
                    .parts
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| *index != left_out);
                parts.fold(0.0, |total, (_, part)| {
                    total + part.multiplier(place) * part.normalised(place)
                })
            })
            .collect();
        best_first(&totals, 1).first().copied()
    }

    /// How many hosts weigh as much as the best one.
    pub(crate) fn tied(&self) -> usize {
        let best = self
            .totals
            .iter()
            .copied()
            .max_by(|a, b| by_weight(*a, *b))
            .unwrap_or(0.0);
        self.totals
            .iter()
            .filter(|total| by_weight(**total, best) == Ordering::Equal)
            .count()
    }
}

/// The places of the `limit` highest weights, highest first, the earlier of equal ones first.
pub(crate) fn best_first(totals: &[f64], limit: usize) -> Vec<usize> {
    /// Up to so many, one pass that keeps the best in order is faster than sorting.
    const FEW: usize = 16;
    let better = |a: &usize, b: &usize| by_weight(totals[*b], totals[*a]).then(a.cmp(b));
    if limit <= FEW {
        let mut places: Vec<usize> = Vec::with_capacity(limit + 1);
        let mut lowest = f64::NEG_INFINITY;
        for (place, total) in totals.iter().enumerate() {
            // False for a NaN: it is asked in full.
            if places.len() == limit && *total <= lowest {
                continue;
            }
            let gap = places.partition_point(|other| better(other, &place) == Ordering::Less);
            if gap < limit {
                places.insert(gap, place);
                places.truncate(limit);
                lowest = places.last().map_or(lowest, |last| totals[*last]);
            }
        }
        return places;
    }
    let mut places: Vec<usize> = (0..totals.len()).collect();
    if limit < places.len() {
        places.select_nth_unstable_by(limit - 1, better);
        places.truncate(limit);
    }
    places.sort_unstable_by(better);
    places
}

/// Draws lots as Nova does: those that weigh as much as the best are shuffled, and one of the first
/// few is put in front, where the scheduler is set up so. Among how many was drawn.
pub(super) fn draw<T: Copy>(
    best_first: &mut [T],
    weight: impl Fn(T) -> f64,
    scheduler: &Scheduler,
    lots: &mut Lots,
    mut told: impl FnMut(Lot<'_, T>),
) -> usize {
    if scheduler.shuffles_best()
        && let Some(best) = best_first.first().map(|best| weight(*best))
    {
        let equal = |item: &T| by_weight(weight(*item), best) == Ordering::Equal;
        let tied = best_first.iter().take_while(|item| equal(item)).count();
        let tied = &mut best_first[..tied];
        told(Lot::Shuffled(tied));
        lots.shuffle(tied);
    }
    let drawn_from = scheduler.host_subset_size().min(best_first.len());
    if drawn_from > 0 {
        told(Lot::Drawn(&best_first[..drawn_from]));
    }
    if drawn_from > 1 {
        let drawn = lots.index(drawn_from);
        best_first[..=drawn].rotate_right(1);
    }
    drawn_from
}

/// Weights in order; a NaN, which only a sum that overflows can bring in, is below all numbers.
pub(super) fn by_weight(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_come_first_and_ties_keep_their_order() {
        let totals = [1.0, 3.0, f64::NAN, 3.0, -0.0, 0.0, f64::NAN];
        assert_eq!(best_first(&totals, 7), [1, 3, 0, 4, 5, 2, 6]);
        for limit in 0..7 {
            assert_eq!(best_first(&totals, limit), best_first(&totals, 7)[..limit]);
        }
        let many: Vec<f64> = (0..100).map(|place| f64::from(place * 7 % 31)).collect();
        let sorted = best_first(&many, 100);
        for limit in [1, 15, 16, 17, 99] {
            assert_eq!(best_first(&many, limit), sorted[..limit]);
        }
    }
}
