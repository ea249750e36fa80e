//! What moves would gain, kept up to date with the two hosts that a move changes.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::BuildHasherDefault;

use nova_core::model::Resources;

use super::{FleetLoad, HostLoad, Score};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostIndex, PlacedServer};
use crate::moves::Wishes;

/// For every size of server that there is, and every host: what the score gains if one more comes,
/// and what if one goes.
pub(super) struct Table<'a> {
    score: &'a dyn Score,
    load: &'a FleetLoad,
    sizes: Vec<Resources>,
    /// Only ever asked for a key.
    numbers: HashMap<Resources, usize, BuildHasherDefault<DefaultHasher>>,
    /// By size, then by host.
    coming: Vec<Vec<f64>>,
    going: Vec<Vec<f64>>,
}

/// A server that may be moved.
pub(super) struct Pair<'a> {
    pub(super) server: &'a PlacedServer,
    pub(super) host: HostIndex,
    size: usize,
    /// What it would gain on the best host, if that took it.
    pub(super) most: f64,
}

impl<'a> Table<'a> {
    pub(super) fn new(score: &'a dyn Score, load: &'a FleetLoad, fleet: &Fleet) -> Self {
        let mut table = Self {
            score,
            load,
            sizes: Vec::new(),
            numbers: HashMap::default(),
            coming: Vec::new(),
            going: Vec::new(),
        };
        for server in fleet.hosts().flat_map(|host| host.placed()) {
            let size = &server.shape.resources;
            if server.shape.movable && !table.numbers.contains_key(size) {
                table.numbers.insert(size.clone(), table.sizes.len());
                table.sizes.push(size.clone());
            }
        }
        let empty = vec![f64::NEG_INFINITY; fleet.len()];
        table.coming = vec![empty.clone(); table.sizes.len()];
        table.going = vec![empty; table.sizes.len()];
        for host in fleet.hosts() {
            table.update(fleet, host.index());
        }
        table
    }

    /// Reckons one host anew.
    pub(super) fn update(&mut self, fleet: &Fleet, host: HostIndex) {
        let load = HostLoad::at(fleet, host);
        let now = self.score.host(self.load, &load);
        let gain = |changed: HostLoad<'_>| {
            let gain = self.score.host(self.load, &changed) - now;
            if gain.is_finite() {
                gain
            } else {
                f64::NEG_INFINITY
            }
        };
        let columns = self.coming.iter_mut().zip(&mut self.going);
        for (size, (coming, going)) in self.sizes.iter().zip(columns) {
            if let (Some(coming), Some(going)) =
                (coming.get_mut(host.get()), going.get_mut(host.get()))
            {
                *coming = gain(load.with(size));
                *going = gain(load.without(size));
            }
        }
    }

    /// The servers that may gain more than so much, those first that may gain the most; of equal
    /// ones those of lower ids.
    pub(super) fn pairs<'f>(
        &self,
        fleet: &'f Fleet,
        wishes: &Wishes,
        min_gain: f64,
    ) -> Vec<Pair<'f>> {
        let best: Vec<TopTwo> = self.coming.iter().map(|gains| TopTwo::of(gains)).collect();
        let mut pairs: Vec<Pair<'f>> = Vec::new();
        for host in fleet.hosts().filter(|host| host.liveness().is_up()) {
            for server in host
                .placed()
                .iter()
                .filter(|server| wishes.may_move(server))
            {
                let Some(size) = self.numbers.get(&server.shape.resources).copied() else {
                    continue;
                };
                let index = host.index();
                let going = self
                    .going
                    .get(size)
                    .and_then(|gains| gains.get(index.get()));
                let (Some(going), Some(best)) = (going, best.get(size)) else {
                    continue;
                };
                let most = going + best.but(index);
                if most > min_gain {
                    pairs.push(Pair {
                        server,
                        host: index,
                        size,
                        most,
                    });
                }
            }
        }
        pairs.sort_unstable_by(|one, other| {
            let gain = other.most.total_cmp(&one.most);
            gain.then_with(|| one.server.id.cmp(&other.server.id))
        });
        pairs
    }

    /// The best of the hosts that take a server, and the gain; the earlier of equal ones.
    pub(super) fn best_of(&self, pair: &Pair<'_>, takers: &Candidates) -> Option<(HostIndex, f64)> {
        let coming = self.coming.get(pair.size)?;
        let going = self.going.get(pair.size)?.get(pair.host.get())?;
        let mut best: Option<(HostIndex, f64)> = None;
        for host in takers.iter().filter(|host| *host != pair.host) {
            let gain = going + coming.get(host.get())?;
            if best.is_none_or(|(_, most)| gain > most) {
                best = Some((host, gain));
            }
        }
        best
    }
}

/// The highest number of a column, where it is, and the next one.
struct TopTwo {
    place: usize,
    highest: f64,
    next: f64,
}

impl TopTwo {
    fn of(values: &[f64]) -> Self {
        let mut top = Self {
            place: usize::MAX,
            highest: f64::NEG_INFINITY,
            next: f64::NEG_INFINITY,
        };
        for (place, value) in values.iter().enumerate() {
            if *value > top.highest {
                top.next = top.highest;
                (top.place, top.highest) = (place, *value);
            } else {
                top.next = top.next.max(*value);
            }
        }
        top
    }

    /// The highest but for one place.
    fn but(&self, host: HostIndex) -> f64 {
        if host.get() == self.place {
            self.next
        } else {
            self.highest
        }
    }
}
