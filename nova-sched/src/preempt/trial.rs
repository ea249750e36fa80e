//! One set of victims on one host: who is moved where, and who is stopped.

use super::cost::Cost;
use super::search::{Found, Pool, Room, Search, Victim};
use super::value::{PreemptionStep, ServerStop, StopReason};
use crate::fleet::{Fleet, HostView, PlacedServer};
use crate::moves::{ServerMove, takers};
use crate::request::PlacementRequest;

/// How many of the hosts that would take a victim are tried.
const BRANCHES: usize = 8;

/// A set of victims, some of which have been dealt with.
pub(super) struct Trial<'a, 'b> {
    search: &'a Search<'b>,
    pool: &'a Pool<'b>,
    moved: Vec<(&'a PlacedServer, ServerMove)>,
    stopped: Vec<(&'a PlacedServer, StopReason)>,
    found: &'a mut Found,
}

impl<'a, 'b> Trial<'a, 'b> {
    pub(super) fn new(search: &'a Search<'b>, pool: &'a Pool<'b>, found: &'a mut Found) -> Self {
        Self {
            search,
            pool,
            moved: Vec::new(),
            stopped: Vec::new(),
            found,
        }
    }

    /// Deals with the next victim in every way that may still lead to the best plan.
    pub(super) fn next(&mut self, victims: &[Victim<'a>], fleet: &Fleet) {
        let cost = self.cost(victims);
        if !self.found.can_improve_on(&cost) {
            return;
        }
        let Some((victim, rest)) = victims.split_first() else {
            self.finish(cost, fleet);
            return;
        };
        let (victim, movable) = (victim.server, victim.movable);
        let reason = match self.search.wishes.may_move(victim) {
            true => StopReason::NoHost,
            false => StopReason::Unmovable,
        };
        if movable {
            let greedy = self.found.tries == 0;
            self.found.cut |= greedy;
            self.found.tries = self.found.tries.saturating_sub(1);
            let limit = if greedy { 1 } else { BRANCHES };
            let search = self.search;
            let here = &self.pool.host;
            let wish = search.wish(fleet, victim, here);
            let takers = takers::best(search.scheduler, fleet, &wish, here.index(), limit + 1);
            self.found.narrowed |= takers.len() > limit;
            for host in takers.into_iter().take(limit) {
                let mut after = fleet.clone();
                let name = here.name();
                let step = takers::moved(search.scheduler, fleet, &wish, &victim.id, name, host);
                if step.apply(&mut after).is_ok() {
                    self.moved.push((victim, step));
                    self.next(rest, &after);
                    self.moved.pop();
                    if greedy {
                        return;
                    }
                }
            }
        }
        self.stopped.push((victim, reason));
        self.next(rest, fleet);
        self.stopped.pop();
    }

    /// What it costs if all the others that anybody takes can be moved.
    fn cost(&self, others: &[Victim<'_>]) -> Cost {
        let priority = |victim: &Victim<'_>| victim.server.shape.priority;
        let others_if = |movable| {
            let others = others
                .iter()
                .filter(move |victim| victim.movable == movable);
            others.map(priority)
        };
        let stopped = self.stopped.iter().map(|(server, _)| server.shape.priority);
        let moved = self.moved.iter().map(|(server, _)| server.shape.priority);
        Cost::new(
            stopped.chain(others_if(false)).collect(),
            moved.chain(others_if(true)).collect(),
        )
    }

    /// Everybody is dealt with. Where the victims went may matter to the request as well, if they
    /// are of its group.
    fn finish(&mut self, cost: Cost, moved: &Fleet) {
        let (search, here) = (self.search, &self.pool.host);
        let mut fleet = moved.clone();
        let mut request = search.request.clone();
        let mut steps = Vec::new();
        for (server, step) in &self.moved {
            let new = fleet.find(&step.to).map(|host| host.service_host().clone());
            request.note_move(&server.id, here.service_host(), new.as_ref(), &fleet);
            steps.push(PreemptionStep::Move(step.clone()));
        }
        for (server, reason) in &self.stopped {
            gone(&mut fleet, &mut request, server, here);
            steps.push(PreemptionStep::Stop(ServerStop {
                server: server.id,
                host: here.name().clone(),
                priority: server.shape.priority,
                reason: *reason,
            }));
        }
        if takers::takes(search.scheduler, &fleet, &request, here.index()) {
            self.found.best = Some(Room {
                host: here.index(),
                steps,
                cost,
            });
        }
    }
}

/// Takes a victim out of a fleet, and out of the group of the request if it is in it.
pub(super) fn gone(
    fleet: &mut Fleet,
    request: &mut PlacementRequest,
    server: &PlacedServer,
    host: &HostView<'_>,
) {
    if fleet.remove_server(&server.id).is_ok() {
        request.note_move(&server.id, host.service_host(), None, fleet);
    }
}
