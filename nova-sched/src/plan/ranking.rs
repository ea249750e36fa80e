//! Weighing, sorting and drawing.

use std::cmp::Ordering;

use crate::fleet::{Fleet, HostIndex};
use crate::random::SplitMix64;
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;
use crate::weighers::normalise;

/// Hosts and their weights, in the order in which they came out of the filters.
pub(crate) struct Ranking {
    pub(crate) hosts: Vec<HostIndex>,
    pub(crate) totals: Vec<f64>,
    /// One per weigher, in order; empty if they were not run or are not kept.
    pub(crate) parts: Vec<Part>,
}

/// What one weigher said of each host.
pub(crate) struct Part {
    pub(crate) raw: Vec<f64>,
    pub(crate) normalised: Vec<f64>,
    pub(crate) multiplier: Vec<f64>,
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
            for weigher in scheduler.weighers() {
                let mut raw = Vec::with_capacity(hosts.len());
                weigher.sweep(request, fleet, &hosts, &mut raw);
                raw.resize(hosts.len(), f64::NAN);
                let mut normalised = raw.clone();
                normalise(&mut normalised, weigher.lower_bound());
                let multiplier: Vec<f64> = hosts
                    .iter()
                    .map(|host| weigher.multiplier(&fleet.host(*host)))
                    .collect();
                for ((total, weight), multiplier) in
                    totals.iter_mut().zip(&normalised).zip(&multiplier)
                {
                    *total += multiplier * weight;
                }
                if keep_parts {
                    parts.push(Part {
                        raw,
                        normalised,
                        multiplier,
                    });
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
    /// the lots are drawn as Nova draws them.
    pub(crate) fn order(
        &self,
        scheduler: &Scheduler,
        limit: usize,
        random: &mut SplitMix64,
    ) -> Order {
        let shuffled = scheduler.shuffles_best();
        let limit = if shuffled { self.hosts.len() } else { limit };
        let mut places = best_first(&self.totals, limit.max(scheduler.host_subset_size()));
        if shuffled {
            let tied = places
                .iter()
                .take_while(|place| self.ties_with_best(&places, **place))
                .count();
            random.shuffle(&mut places[..tied]);
        }
        let drawn_from = scheduler.host_subset_size().min(places.len());
        if drawn_from > 1 {
            let drawn = random.index(drawn_from);
            places[..=drawn].rotate_right(1);
        }
        Order { places, drawn_from }
    }

    fn ties_with_best(&self, places: &[usize], place: usize) -> bool {
        let best = places.first().map_or(0.0, |best| self.totals[*best]);
        by_weight(self.totals[place], best) == Ordering::Equal
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
                    total + part.multiplier[place] * part.normalised[place]
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
    let better = |a: &usize, b: &usize| by_weight(totals[*b], totals[*a]).then(a.cmp(b));
    let mut places: Vec<usize> = (0..totals.len()).collect();
    if limit == 0 {
        places.clear();
    } else if limit < places.len() {
        places.select_nth_unstable_by(limit - 1, better);
        places.truncate(limit);
    }
    places.sort_unstable_by(better);
    places
}

/// Weights in order; a NaN, which only a sum that overflows can bring in, is below all numbers.
fn by_weight(a: f64, b: f64) -> Ordering {
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
    }
}
