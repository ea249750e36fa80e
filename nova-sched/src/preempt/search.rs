//! The search for the least victims for one server.
//!
//! Hosts are looked at in order of a bound below which no way to make room there can cost: how
//! many of the largest servers it takes to free what is missing, and the lowest priorities. The
//! search ends as soon as no host that is left can be better than what was found.

use std::collections::BTreeMap;
use std::sync::Arc;

use nova_core::id::ServerId;

use super::cost::Cost;
use super::trial::{Trial, gone};
use super::value::PreemptionStep;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostIndex, HostView, PlacedServer};
use crate::moves::{Wishes, takers};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;

/// How many sets of victims are tried on one host.
const MOST_SETS: usize = 4096;
/// How often it is tried whether a set is enough, or who takes a victim.
const MOST_TRIES: usize = 8192;
/// For how many kinds of server it is noted who takes them before anything is done.
const MOST_KINDS: usize = 64;

pub(super) struct Search<'a> {
    pub(super) scheduler: &'a Scheduler,
    pub(super) wishes: &'a Wishes,
    pub(super) max_victims: usize,
    pub(super) max_hosts: usize,
    pub(super) fleet: &'a Fleet,
    /// For one server.
    pub(super) request: &'a PlacementRequest,
    /// Servers that are not touched, whatever their priority.
    pub(super) protected: &'a [ServerId],
}

/// How to make room on one host.
pub(super) struct Room {
    pub(super) host: HostIndex,
    pub(super) steps: Vec<PreemptionStep>,
    pub(super) cost: Cost,
}

/// The servers of one host that may be victims.
pub(super) struct Pool<'a> {
    pub(super) host: HostView<'a>,
    /// Of the lowest priority first, then those that free the most of what is missing.
    servers: Vec<Victim<'a>>,
    priorities: Vec<i32>,
    /// How many of them can be moved at most.
    movable: usize,
    /// At least so many have to go.
    needed: usize,
    bound: Cost,
}

/// A server that may have to go.
#[derive(Clone, Copy)]
pub(super) struct Victim<'a> {
    pub(super) server: &'a PlacedServer,
    /// Whether anybody would take it. If not, nobody does after others were moved either.
    pub(super) movable: bool,
}

/// Who takes servers of one shape and zone, before anything is done.
type TakersOf = BTreeMap<(usize, u32), Candidates>;

/// What the search has found and spent.
pub(super) struct Found {
    pub(super) best: Option<Room>,
    pub(super) tries: usize,
    /// Not all was tried.
    pub(super) cut: bool,
    /// Not all hosts were tried for a victim.
    pub(super) narrowed: bool,
}

impl<'a> Search<'a> {
    /// The best way to make room, if there is any, and whether nothing better was left untried.
    pub(super) fn run(&self) -> (Option<Room>, bool) {
        let mut takers = TakersOf::new();
        // What refuses a host whoever is on it would refuse it once for each way to make room.
        let possible = takers::possible(self.scheduler, self.fleet, self.request);
        let mut pools: Vec<Pool<'a>> = possible
            .iter()
            .map(|host| self.fleet.host(host))
            .filter_map(|host| self.pool(host, &mut takers))
            .collect();
        // The sort is stable: of equal ones the earlier host comes first.
        pools.sort_by(|one, other| one.bound.cmp(&other.bound));
        let mut found = Found {
            best: None,
            tries: MOST_TRIES,
            cut: false,
            narrowed: false,
        };
        let mut hosts = 0;
        for pool in &pools {
            if !found.can_improve_on(&pool.bound) {
                break;
            }
            let spent = found.tries == 0 && found.best.is_some();
            if hosts == self.max_hosts || spent {
                found.cut = true;
                break;
            }
            let all: Vec<usize> = (0..pool.servers.len()).collect();
            // Not counted: hosts that refuse the request for other reasons would use tries up.
            if self.is_clear(pool, &all, &mut { usize::MAX }) {
                hosts += 1;
                self.search_host(pool, &mut found);
            }
        }
        let stops = found.best.as_ref().map_or(1, |room| room.cost.stops());
        let exact = !(found.cut || found.narrowed && stops > 0);
        (found.best, exact)
    }

    /// Who may be a victim on a host; `None` if that is nobody, or all of them are not enough.
    fn pool(&self, host: HostView<'a>, takers: &mut TakersOf) -> Option<Pool<'a>> {
        let mut servers: Vec<&'a PlacedServer> = host
            .placed()
            .iter()
            .filter(|server| {
                server.shape.priority < self.request.priority()
                    && !self.protected.contains(&server.id)
            })
            .collect();
        let mut needed = usize::from(!servers.is_empty());
        let mut missing = Vec::new();
        for (class, wanted) in self
            .request
            .resources()
            .iter()
            .filter(|(_, want)| *want > 0)
        {
            let amounts = host.amounts(class);
            if wanted > amounts.largest() {
                return None;
            }
            let lacks = wanted.saturating_sub(amounts.free()).saturating_add(
                // A host that is over-full has less than nothing free.
                amounts.used.saturating_sub(amounts.capacity),
            );
            if lacks == 0 {
                continue;
            }
            let held = servers
                .iter()
                .map(|server| server.shape.resources.get(class));
            let mut held: Vec<u64> = held.collect();
            held.sort_unstable();
            let mut freed = 0_u64;
            let enough = held.iter().rev().position(|amount| {
                freed = freed.saturating_add(*amount);
                freed >= lacks
            })?;
            needed = needed.max(enough + 1);
            missing.push((class, lacks));
        }
        if needed == 0 || needed > self.max_victims {
            return None;
        }
        let use_of = |server: &PlacedServer| -> f64 {
            let parts = missing
                .iter()
                .map(|(class, lacks)| part(server.shape.resources.get(class).min(*lacks), *lacks));
            parts.sum()
        };
        servers.sort_by(|one, other| {
            let priority = one.shape.priority.cmp(&other.shape.priority);
            priority
                .then_with(|| use_of(other).total_cmp(&use_of(one)))
                .then_with(|| one.id.cmp(&other.id))
        });
        let priorities: Vec<i32> = servers.iter().map(|server| server.shape.priority).collect();
        let servers: Vec<Victim<'a>> = servers
            .into_iter()
            .map(|server| Victim {
                server,
                movable: self.is_movable(server, &host, takers),
            })
            .collect();
        let movable = servers.iter().filter(|victim| victim.movable).count();
        let bound = Cost::at_least(needed, movable, &priorities);
        Some(Pool {
            host,
            servers,
            priorities,
            movable,
            needed,
            bound,
        })
    }

    /// Whether anybody takes a server as the fleet is. Hosts only get fuller when others are moved.
    fn is_movable(
        &self,
        server: &PlacedServer,
        host: &HostView<'_>,
        takers: &mut TakersOf,
    ) -> bool {
        let own = self.wishes.are_own(server) || self.is_of_group(server);
        if own || !self.wishes.may_move(server) {
            return self.wishes.may_move(server);
        }
        let zone = self.fleet.zone_numbers().get(host.index().get()).copied();
        let kind = (Arc::as_ptr(&server.shape).addr(), zone.unwrap_or(u32::MAX));
        if takers.len() == MOST_KINDS && !takers.contains_key(&kind) {
            return true;
        }
        let takers = takers.entry(kind).or_insert_with(|| {
            let wish = self.wishes.request(self.fleet, server);
            takers::all(self.scheduler, self.fleet, &wish)
        });
        takers.len() > usize::from(takers.contains(host.index()))
    }

    /// Whether a victim is a member of the request's own group.
    fn is_of_group(&self, server: &PlacedServer) -> bool {
        let group = self.request.group();
        group.is_some_and(|group| group.members.contains(&server.id))
    }

    /// What a victim asks of its next host. One of the request's own group keeps that group's
    /// rules, whatever else is known of it.
    pub(super) fn wish(
        &self,
        fleet: &Fleet,
        server: &PlacedServer,
        host: &HostView<'_>,
    ) -> PlacementRequest {
        let wish = self.wishes.request(fleet, server);
        match self.request.group().filter(|_| self.is_of_group(server)) {
            Some(group) => wish.with_group(group.seen_leaving(
                &server.id,
                host.service_host(),
                self.protected,
                fleet,
            )),
            None => wish,
        }
    }

    /// Sets of victims on one host: the smaller first, and none that has another one in it.
    fn search_host(&self, pool: &Pool<'_>, found: &mut Found) {
        let most = pool.servers.len().min(self.max_victims);
        let mut enough: Vec<Vec<usize>> = Vec::new();
        let mut tried = 0;
        for size in pool.needed..=most {
            if !found.can_improve_on(&Cost::at_least(size, pool.movable, &pool.priorities)) {
                return;
            }
            let mut set: Vec<usize> = (0..size).collect();
            loop {
                if tried == MOST_SETS || found.tries == 0 {
                    found.cut = true;
                    self.search_greedily(pool, found);
                    return;
                }
                tried += 1;
                let has_smaller = || {
                    let mut enough = enough.iter();
                    enough.any(|smaller| smaller.iter().all(|victim| set.contains(victim)))
                };
                if found.can_improve_on(&pool.cost_of(&set))
                    && !has_smaller()
                    && self.is_clear(pool, &set, &mut found.tries)
                {
                    self.relocate(pool, &set, found);
                    enough.push(set.clone());
                }
                if !next_set(&mut set, pool.servers.len()) {
                    break;
                }
            }
        }
    }

    /// One set: the lowest priorities until it is enough, and none that proves unnecessary.
    fn search_greedily(&self, pool: &Pool<'_>, found: &mut Found) {
        let mut set: Vec<usize> = Vec::new();
        let all = 0..pool.servers.len();
        let enough = all.into_iter().any(|victim| {
            set.push(victim);
            set.len() >= pool.needed && self.is_clear(pool, &set, &mut found.tries)
        });
        if !enough {
            return;
        }
        for place in (0..set.len()).rev() {
            let mut less = set.clone();
            less.remove(place);
            if self.is_clear(pool, &less, &mut found.tries) {
                set = less;
            }
        }
        if set.len() <= self.max_victims {
            self.relocate(pool, &set, found);
        }
    }

    /// Whether the host takes the request once these are gone.
    fn is_clear(&self, pool: &Pool<'_>, set: &[usize], tries: &mut usize) -> bool {
        let victims = || {
            let victims = set.iter().filter_map(|victim| pool.servers.get(*victim));
            victims.map(|victim| victim.server)
        };
        let room = self.request.resources().iter().all(|(class, wanted)| {
            let amounts = pool.host.amounts(class);
            let freed = victims().fold(0_u64, |freed, server| {
                freed.saturating_add(server.shape.resources.get(class))
            });
            wanted == 0
                || amounts.used.saturating_sub(freed).saturating_add(wanted) <= amounts.capacity
        });
        if !room {
            return false;
        }
        *tries = tries.saturating_sub(1);
        let mut fleet = self.fleet.clone();
        let mut request = self.request.clone();
        for server in victims() {
            gone(&mut fleet, &mut request, server, &pool.host);
        }
        takers::takes(self.scheduler, &fleet, &request, pool.host.index())
    }

    /// Finds new hosts for a set of victims, and notes the set if it is the best so far.
    fn relocate(&self, pool: &Pool<'_>, set: &[usize], found: &mut Found) {
        let mut victims: Vec<Victim<'_>> = set
            .iter()
            .filter_map(|victim| pool.servers.get(*victim).copied())
            .collect();
        // The most important ones choose first.
        victims.reverse();
        Trial::new(self, pool, found).next(&victims, self.fleet);
    }
}

impl Pool<'_> {
    /// What it costs if all of a set that anybody takes can be moved.
    fn cost_of(&self, set: &[usize]) -> Cost {
        let victims = set.iter().filter_map(|victim| self.servers.get(*victim));
        let (moved, stopped): (Vec<_>, Vec<_>) = victims.partition(|victim| victim.movable);
        let priorities = |victims: Vec<&Victim<'_>>| {
            let priority = |victim: &Victim<'_>| victim.server.shape.priority;
            victims.into_iter().map(priority).collect()
        };
        Cost::new(priorities(stopped), priorities(moved))
    }
}

impl Found {
    pub(super) fn can_improve_on(&self, bound: &Cost) -> bool {
        self.best.as_ref().is_none_or(|best| *bound < best.cost)
    }
}

/// The next set of the same size in the order of places; `false` after the last.
fn next_set(set: &mut [usize], servers: usize) -> bool {
    let size = set.len();
    for place in (0..size).rev() {
        let highest = servers + place - size;
        if set[place] < highest {
            let first = set[place] + 1;
            for (offset, victim) in set[place..].iter_mut().enumerate() {
                *victim = first + offset;
            }
            return true;
        }
    }
    false
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an order of usefulness needs no last digit"
)]
fn part(some: u64, whole: u64) -> f64 {
    some as f64 / (whole as f64).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_comes_once() {
        for (servers, size, sets) in [(5, 2, 10), (4, 4, 1), (6, 1, 6), (7, 3, 35)] {
            let mut set: Vec<usize> = (0..size).collect();
            let mut seen = vec![set.clone()];
            while next_set(&mut set, servers) {
                assert!(seen.last().is_some_and(|last| *last < set));
                seen.push(set.clone());
            }
            assert_eq!(seen.len(), sets);
        }
    }
}
