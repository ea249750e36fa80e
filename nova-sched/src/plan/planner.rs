//! One run of the scheduler, in the order of Nova's.

use std::borrow::Cow;
use std::sync::Arc;

use nova_core::id::ServerId;

use super::claimer::{Claimer, Unclaimed};
use super::dense::{Dense, MOST};
use super::ranking::{Lot, Order, Ranking, draw, first_unweighable};
use super::standing::{self, Standing};
use super::{Detail, Placement, Plan, PlanOptions};
use super::{filtering, hardware};
use crate::candidates::Candidates;
use crate::explain::{self, Explanation, Failure, RankedHost, RankingTable, Round, shown};
use crate::fleet::{Fleet, HostIndex, PlacedServer, ServerShape};
use crate::random::Lots;
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;

pub(crate) struct Planner<'a> {
    scheduler: &'a Scheduler,
    /// The fleet that was given; owned as soon as a server of several is placed.
    fleet: Cow<'a, Fleet>,
    original: &'a Fleet,
    /// The request that was given; owned as soon as a member of its group is placed.
    request: Cow<'a, PlacementRequest>,
    asked: &'a PlacementRequest,
    /// The ids of the servers, as far as there are any.
    servers: Cow<'a, [ServerId]>,
    options: &'a PlanOptions,
    lots: Lots,
    shape: Option<Arc<ServerShape>>,
    rounds: Vec<Round>,
    failure: Option<Failure>,
}

/// The hosts that one server may choose from, best first, and the weights of the first of them.
struct Choice {
    hosts: Vec<HostIndex>,
    weights: Vec<f64>,
}

/// Where one server goes.
struct Chosen {
    host: HostIndex,
    weight: f64,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(
        scheduler: &'a Scheduler,
        fleet: &'a Fleet,
        request: &'a PlacementRequest,
        options: &'a PlanOptions,
    ) -> Self {
        let (request_now, servers) = with_ids(request);
        Self {
            scheduler,
            fleet: Cow::Borrowed(fleet),
            original: fleet,
            request: request_now,
            servers,
            asked: request,
            options,
            lots: Lots::new(options.draw),
            shape: None,
            rounds: Vec::new(),
            failure: None,
        }
    }

    pub(crate) fn run(mut self, claimer: &mut dyn Claimer) -> Plan {
        let count = self.asked.count();
        self.failure = Failure::count(self.asked);
        if self.failure.is_some() {
            return Plan::new(self.explanation(Vec::new(), 0));
        }
        let brief = self.options.detail == Detail::Off;
        if count > 1
            && brief
            && self.is_plain()
            && standing::is_local(self.scheduler, self.fleet.as_ref(), self.asked)
        {
            return self.run_local();
        }
        let mut chosen: Vec<Chosen> = Vec::new();
        let mut choice: Option<Choice> = None;
        for server in 0..count {
            let former = choice.as_ref().map(|choice| choice.hosts.as_slice());
            let next = self.choose(server, former, claimer);
            if self.failure.is_some() {
                break;
            }
            claimer.sorted(server, &next.hosts);
            let granted = next.hosts.iter().position(|host| {
                let host = self.fleet.host(*host);
                claimer.offers(&host) && claimer.claim(server, &host)
            });
            let host = granted.and_then(|place| Some((place, *next.hosts.get(place)?)));
            self.note_chosen(host.map(|(_, host)| host));
            let Some((place, host)) = host else {
                break;
            };
            chosen.push(Chosen {
                host,
                weight: shown(next.weights.get(place).copied().unwrap_or(0.0)),
            });
            self.consume(server, host);
            claimer.consumed(server, &self.fleet.host(host));
            choice = Some(next);
        }
        let fits = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
        let mut placements = Vec::new();
        if let Some(choice) = choice
            && self.failure.is_none()
            && fits >= self.asked.least()
        {
            placements = self.placements(&chosen, choice, claimer);
        }
        if self.failure.is_some() || fits < self.asked.least() {
            placements.clear();
            for server in 0..fits {
                claimer.undo(server);
            }
        }
        Plan::new(self.explanation(placements, fits))
    }

    /// The same where after each server only its host has to be asked again.
    fn run_local(mut self) -> Plan {
        let mut chosen: Vec<Chosen> = Vec::new();
        let all = Candidates::all(self.fleet.len());
        let (scheduler, detail) = (self.scheduler, self.options.detail);
        let first = filtering::run(scheduler, &self.fleet, &self.request, all, true, detail);
        let hosts = first.left.iter().collect();
        let mut standing = Standing::new(scheduler, &self.fleet, &self.request, hosts);
        for server in 0..self.asked.count() {
            standing.draw(scheduler, &mut self.lots);
            let Some(host) = standing.order().first().copied() else {
                break;
            };
            let weight = shown(standing.weight(host));
            chosen.push(Chosen { host, weight });
            self.consume(server, host);
            standing.update(scheduler, &self.fleet, &self.request, host);
        }
        standing.draw(scheduler, &mut self.lots);
        let fits = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
        let placements = if fits >= self.asked.least() {
            self.with_alternates(&chosen, standing.order(), &mut Unclaimed)
        } else {
            Vec::new()
        };
        Plan::new(self.explanation(placements, fits))
    }

    /// Filters, weighs and sorts for one server. `former` is what the server before it could
    /// choose from, best first: only those are asked again, and in that order.
    fn choose(
        &mut self,
        server: u32,
        former: Option<&[HostIndex]>,
        claimer: &mut dyn Claimer,
    ) -> Choice {
        let detail = self.options.detail;
        let candidates = match former {
            None => Candidates::all(self.fleet.len()),
            Some(hosts) => self.candidates_of(hosts),
        };
        let asked = candidates.len();
        let first = former.is_none();
        let filtered = filtering::run(
            self.scheduler,
            &self.fleet,
            &self.request,
            candidates,
            first,
            detail,
        );
        self.failure = filtered.failure;
        let limit = self.limit(filtered.left.len());
        let shortcut = first && self.is_plain() && limit < filtered.left.len();
        let quick = shortcut.then(|| self.best(&filtered.left, limit)).flatten();
        let (choice, table) = match quick {
            Some(quick) => quick,
            None => {
                let hosts = match former {
                    None => filtered.left.iter().collect(),
                    Some(hosts) => hosts
                        .iter()
                        .copied()
                        .filter(|host| filtered.left.contains(*host))
                        .collect(),
                };
                self.rank(server, hosts, claimer)
            }
        };
        if detail > Detail::Off {
            // Of very many, the first are told about and the last.
            self.rounds.truncate(Explanation::MAX_ROUNDS);
            self.rounds.push(Round {
                server: server.saturating_add(1),
                candidates: asked,
                filters: filtered.steps,
                not_reached: filtered.not_reached,
                ranking: table,
                chosen: None,
            });
        }
        choice
    }

    fn note_chosen(&mut self, host: Option<HostIndex>) {
        if let Some(round) = self.rounds.last_mut() {
            round.chosen = host.and_then(|host| self.fleet.name(host).cloned());
        }
    }

    /// Whether nobody is to be told of each step, so that it may be reckoned in any way.
    fn is_plain(&self) -> bool {
        !self.options.claiming && !self.scheduler.malformed_fails_request()
    }

    /// The best few, where they are all that is needed; `None` where they have to be found another
    /// way.
    fn best(&mut self, left: &Candidates, limit: usize) -> Option<(Choice, Option<RankingTable>)> {
        let scheduler = self.scheduler;
        let full = self.options.detail == Detail::Full;
        if limit > MOST || scheduler.shuffles_best() {
            return None;
        }
        let dense = Dense::of(scheduler, &self.fleet, &self.request, left, full)?;
        let (mut best, mut table) = if full {
            let mut outcome = dense.outcome(limit.max(RankingTable::MAX_BEST))?;
            let table =
                RankingTable::of_dense(scheduler, &self.fleet, &dense, left.len(), &outcome);
            outcome.best.truncate(limit);
            (outcome.best, Some(table))
        } else {
            (dense.best(limit)?, None)
        };
        let from = draw(
            &mut best,
            |(_, weight)| weight,
            scheduler,
            &mut self.lots,
            |_| {},
        );
        if let (Some(table), Some((host, total))) = (&mut table, best.first()) {
            let chosen = RankedHost {
                host: self.fleet.host(*host).name().clone(),
                parts: dense.parts(*host),
                total: shown(*total),
            };
            table.note_drawn(from, chosen);
        }
        let (hosts, weights) = best.into_iter().unzip();
        Some((Choice { hosts, weights }, table))
    }

    fn rank(
        &mut self,
        server: u32,
        hosts: Vec<HostIndex>,
        claimer: &mut dyn Claimer,
    ) -> (Choice, Option<RankingTable>) {
        let full = self.options.detail == Detail::Full;
        let hosts = self.weighable(hosts);
        let ranking = Ranking::new(self.scheduler, &self.fleet, &self.request, hosts, full);
        let order = self.order(server, &ranking, self.limit(ranking.hosts.len()), claimer);
        let table = full
            .then(|| RankingTable::of(self.scheduler, &self.fleet, &ranking, &order))
            .flatten();
        let places = order.places;
        let weights = places.iter().map(|place| ranking.totals[*place]).collect();
        let hosts = places.iter().map(|place| ranking.hosts[*place]).collect();
        (Choice { hosts, weights }, table)
    }

    /// The hosts; none if one of them cannot be weighed, and that fails the request.
    fn weighable(&mut self, hosts: Vec<HostIndex>) -> Vec<HostIndex> {
        match first_unweighable(self.scheduler, &self.fleet, &self.request, &hosts) {
            None => hosts,
            Some(failure) => {
                self.failure = Some(failure);
                Vec::new()
            }
        }
    }

    fn order(
        &mut self,
        server: u32,
        ranking: &Ranking,
        limit: usize,
        claimer: &mut dyn Claimer,
    ) -> Order {
        let hosts = |places: &[usize]| -> Vec<HostIndex> {
            places.iter().map(|place| ranking.hosts[*place]).collect()
        };
        ranking.order(self.scheduler, limit, &mut self.lots, |lot| match lot {
            Lot::Shuffled(places) => claimer.shuffled(server, &hosts(places)),
            Lot::Drawn(places) => claimer.drawn(server, &hosts(places)),
        })
    }

    /// How many of the best are needed: several servers choose from all that passed; for one, the
    /// best are enough, unless their claims may be refused or alternates are to be of its cell.
    fn limit(&self, left: usize) -> usize {
        if self.asked.count() > 1 || self.options.claiming {
            return left;
        }
        let alternates = self.scheduler.alternates_for(self.asked);
        if alternates > 0 && self.fleet.has_several_cells() {
            return left;
        }
        alternates.saturating_add(self.scheduler.host_subset_size())
    }

    /// Counts a server on its host, for those that come after it.
    fn consume(&mut self, server: u32, host: HostIndex) {
        if self.asked.count() <= 1 && !self.options.claiming {
            return;
        }
        if self.asked.group().is_some() {
            let name = self.fleet.host(host).service_host().clone();
            self.request.to_mut().note_group_host(&name);
        }
        let claim = self
            .scheduler
            .hardware_for(&self.request, &self.fleet.host(host));
        if self.scheduler.numa_settings().leaking && self.request.numa().is_some() {
            let topology = self.fleet.host(host).numa_topology().map(AsRef::as_ref);
            let repeated = hardware::repeated(&self.request, topology, &claim);
            self.request.to_mut().set_numa(repeated);
        }
        let place = usize::try_from(server).unwrap_or(usize::MAX);
        let known = self.servers.get(place).copied();
        // A server that is on a host already, since it is moved, stays there as well.
        match known.filter(|server| self.fleet.host_of(server).is_none()) {
            Some(id) => {
                let shape = self
                    .shape
                    .get_or_insert_with(|| Arc::new(self.asked.shape()))
                    .clone();
                let server = PlacedServer::new(id, shape).with_hardware(claim);
                self.fleet.to_mut().build_at(host, server);
            }
            None => {
                let (resources, size) = (self.asked.resources(), self.asked.size());
                let fleet = self.fleet.to_mut();
                fleet.claim_at(host, resources, &size, &claim);
            }
        }
    }

    /// The placements with their alternates: of the same cell, and none a host of the plan. After
    /// several servers the hosts are filtered and sorted once more, as Nova does, so that
    /// alternates are judged by what is left.
    fn placements(
        &mut self,
        chosen: &[Chosen],
        last: Choice,
        claimer: &mut dyn Claimer,
    ) -> Vec<Placement> {
        let wanted = self.scheduler.alternates_for(self.asked);
        let hosts = if self.asked.count() > 1 && wanted > 0 {
            self.choose_again(last.hosts, claimer)
        } else {
            last.hosts
        };
        self.with_alternates(chosen, &hosts, claimer)
    }

    /// The placements, with those of `hosts` as alternates that no server got.
    fn with_alternates(
        &self,
        chosen: &[Chosen],
        hosts: &[HostIndex],
        claimer: &mut dyn Claimer,
    ) -> Vec<Placement> {
        let wanted = self.scheduler.alternates_for(self.asked);
        let taken = chosen.iter().map(|chosen| chosen.host);
        let taken = self.candidates_of(&taken.collect::<Vec<_>>());
        let free: Vec<HostIndex> = hosts
            .iter()
            .copied()
            .filter(|host| !taken.contains(*host) && claimer.offers(&self.fleet.host(*host)))
            .collect();
        let placement = |chosen: &Chosen| {
            let host = self.fleet.host(chosen.host);
            let alternates = free
                .iter()
                .map(|other| self.fleet.host(*other))
                .filter(|other| other.cell() == host.cell())
                .take(wanted);
            Placement {
                host: host.name().clone(),
                weight: chosen.weight,
                alternates: alternates.map(|other| other.name().clone()).collect(),
            }
        };
        chosen.iter().map(placement).collect()
    }

    fn choose_again(
        &mut self,
        former: Vec<HostIndex>,
        claimer: &mut dyn Claimer,
    ) -> Vec<HostIndex> {
        let server = self.asked.count().saturating_sub(1);
        let filtered = filtering::run(
            self.scheduler,
            &self.fleet,
            &self.request,
            self.candidates_of(&former),
            false,
            Detail::Off,
        );
        self.failure = filtered.failure;
        let hosts = former
            .into_iter()
            .filter(|host| filtered.left.contains(*host))
            .collect();
        let hosts = self.weighable(hosts);
        let ranking = Ranking::new(self.scheduler, &self.fleet, &self.request, hosts, false);
        let order = self.order(server, &ranking, ranking.hosts.len(), claimer);
        let places = order.places.into_iter();
        let hosts: Vec<HostIndex> = places.map(|place| ranking.hosts[place]).collect();
        if self.failure.is_none() {
            claimer.sorted(server, &hosts);
        }
        hosts
    }

    fn candidates_of(&self, hosts: &[HostIndex]) -> Candidates {
        let mut candidates = Candidates::none(self.fleet.len());
        for host in hosts {
            candidates.insert(*host);
        }
        candidates
    }

    fn explanation(self, placements: Vec<Placement>, fits: u32) -> Explanation {
        let failed = self.failure.is_none()
            && fits < self.asked.least()
            && self.options.detail == Detail::Full;
        let explanation = Explanation {
            detail: self.options.detail,
            generation: self.original.generation(),
            request: self.asked.clone(),
            hosts: self.original.len(),
            fits,
            failure: self.failure,
            placements,
            rounds: self.rounds,
            shortfalls: Vec::new(),
            suggestion: None,
        };
        if !failed {
            return explanation;
        }
        let (fleet, request) = (self.original, self.asked);
        Explanation {
            shortfalls: explain::shortfalls(fleet, request),
            suggestion: explain::suggest(self.scheduler, fleet, request, self.options, fits),
            ..explanation
        }
    }
}

/// The request with an id for every server, and the ids. Servers of a group that have none get one
/// for the time of the plan, as members: or those of one request would not see each other.
pub(crate) fn with_ids(
    request: &PlacementRequest,
) -> (Cow<'_, PlacementRequest>, Cow<'_, [ServerId]>) {
    let known = request.servers();
    let count = usize::try_from(request.count()).unwrap_or(usize::MAX);
    let too_many = request.count() > PlacementRequest::MAX_COUNT;
    if too_many || request.group().is_none() || count < 2 || known.len() >= count {
        return (Cow::Borrowed(request), Cow::Borrowed(known));
    }
    let mut request_now = request.clone();
    let mut servers = known.to_vec();
    // The end of the number space, where no generated id is.
    let invented = (known.len()..count).filter_map(|number| {
        format!("ffffffff-ffff-ffff-ffff-ffff{number:08x}")
            .parse()
            .ok()
    });
    for id in invented {
        request_now.note_group_member(id);
        servers.push(id);
    }
    (Cow::Owned(request_now), Cow::Owned(servers))
}
