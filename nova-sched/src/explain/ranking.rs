//! How the best hosts compare, and which weigher decided.

use nova_core::id::HostName;
use serde::{Deserialize, Serialize};

use crate::fleet::{Fleet, HostIndex};
use crate::plan::dense::{Dense, Outcome};
use crate::plan::ranking::{Order, Ranking, best_first};
use crate::scheduler::Scheduler;

/// How the best hosts compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RankingTable {
    /// How many hosts were weighed.
    pub hosts: usize,
    /// The weighers, in the order in which weights are summed; empty where a host was alone and
    /// they were not run.
    pub weighers: Vec<String>,
    /// The best hosts, best first, before any lot was drawn; the chosen one is the last of them if
    /// it is not among the best.
    pub best: Vec<RankedHost>,
    /// How many hosts weigh as much as the best.
    pub tied: usize,
    /// From how many of the best the host was drawn by lot; 1 if none was drawn.
    pub drawn_from: usize,
    /// The weighers without which another host would be best.
    pub decisive: Vec<Decisive>,
}

/// One host's weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RankedHost {
    /// The host.
    pub host: HostName,
    /// What each weigher contributed, in the order of [`RankingTable::weighers`].
    pub parts: Vec<WeightPart>,
    /// The sum.
    pub total: f64,
}

/// What one weigher contributed to one host's weight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WeightPart {
    /// What the weigher said; `None` if that is not a finite number.
    pub raw: Option<f64>,
    /// The same between 0 and 1.
    pub normalised: f64,
    /// How much it counts.
    pub multiplier: f64,
    /// normalised × multiplier.
    pub weighted: f64,
}

impl WeightPart {
    pub(crate) fn new(raw: f64, normalised: f64, multiplier: f64) -> Self {
        Self {
            raw: Some(raw).filter(|raw| raw.is_finite()),
            normalised,
            multiplier,
            // Adding zero takes the sign off a zero.
            weighted: multiplier * normalised + 0.0,
        }
    }
}

/// A weigher that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Decisive {
    /// The weigher.
    pub weigher: String,
    /// The host that would be best without it.
    pub otherwise: HostName,
}

impl RankingTable {
    /// The most hosts whose weights are shown.
    pub const MAX_BEST: usize = 5;

    /// Every host, in the order in which it was given.
    pub(crate) fn whole(scheduler: &Scheduler, fleet: &Fleet, ranking: &Ranking) -> Self {
        let places = 0..ranking.hosts.len();
        Self {
            hosts: ranking.hosts.len(),
            weighers: names(scheduler).take(ranking.parts.len()).collect(),
            best: places
                .filter_map(|place| row(fleet, ranking, place))
                .collect(),
            tied: ranking.tied(),
            drawn_from: 1,
            decisive: Vec::new(),
        }
    }

    /// The table of hosts that were weighed without looking at each.
    pub(crate) fn of_dense(
        scheduler: &Scheduler,
        fleet: &Fleet,
        dense: &Dense<'_>,
        hosts: usize,
        outcome: &Outcome,
    ) -> Self {
        let name = |host: HostIndex| fleet.host(host).name().clone();
        let rows = outcome.best.iter().take(Self::MAX_BEST);
        let winner = outcome.best.first().map(|(host, _)| *host);
        let without = scheduler.weighers().zip(&outcome.without);
        Self {
            hosts,
            weighers: names(scheduler).collect(),
            best: rows
                .map(|(host, total)| RankedHost {
                    host: name(*host),
                    parts: dense.parts(*host),
                    total: shown(*total),
                })
                .collect(),
            tied: outcome.tied,
            drawn_from: 1,
            decisive: without
                .filter(|(_, other)| Some(**other) != winner)
                .map(|(weigher, other)| Decisive {
                    weigher: weigher.name().to_owned(),
                    otherwise: name(*other),
                })
                .collect(),
        }
    }

    /// A lot was drawn from so many of the best, and fell on this one.
    pub(crate) fn note_drawn(&mut self, from: usize, chosen: RankedHost) {
        self.drawn_from = from;
        if !self.best.iter().any(|other| other.host == chosen.host) {
            self.best.push(chosen);
        }
    }

    pub(crate) fn of(
        scheduler: &Scheduler,
        fleet: &Fleet,
        ranking: &Ranking,
        order: &Order,
    ) -> Option<Self> {
        let chosen = *order.places.first()?;
        let mut places = best_first(&ranking.totals, Self::MAX_BEST);
        let winner = *places.first()?;
        if !places.contains(&chosen) {
            places.push(chosen);
        }
        let best = places
            .into_iter()
            .filter_map(|place| row(fleet, ranking, place))
            .collect();
        let decisive = (0..ranking.parts.len())
            .zip(scheduler.weighers())
            .filter_map(|(index, weigher)| {
                let otherwise = ranking
                    .winner_without(index)
                    .filter(|other| *other != winner)?;
                Some(Decisive {
                    weigher: weigher.name().to_owned(),
                    otherwise: fleet.name(*ranking.hosts.get(otherwise)?)?.clone(),
                })
            })
            .collect();
        Some(Self {
            hosts: ranking.hosts.len(),
            weighers: names(scheduler).take(ranking.parts.len()).collect(),
            best,
            tied: ranking.tied(),
            drawn_from: order.drawn_from,
            decisive,
        })
    }
}

/// A sum of weights as a number that can be written down: no sum is beyond the largest.
pub(crate) fn shown(total: f64) -> f64 {
    if total.is_nan() {
        0.0
    } else {
        total.clamp(f64::MIN, f64::MAX)
    }
}

fn names(scheduler: &Scheduler) -> impl Iterator<Item = String> {
    scheduler
        .weighers()
        .map(|weigher| weigher.name().to_owned())
}

fn row(fleet: &Fleet, ranking: &Ranking, place: usize) -> Option<RankedHost> {
    let parts = ranking.parts.iter().map(|part| {
        WeightPart::new(
            part.raw(place),
            part.normalised(place),
            part.multiplier(place),
        )
    });
    Some(RankedHost {
        host: fleet.name(*ranking.hosts.get(place)?)?.clone(),
        parts: parts.collect(),
        total: shown(*ranking.totals.get(place)?),
    })
}
