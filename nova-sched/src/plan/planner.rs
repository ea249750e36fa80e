//! One run of the scheduler, in the order of Nova's.

use std::borrow::Cow;

use super::filtering;
use super::ranking::{Order, Ranking};
use super::{Detail, Placement, Plan, PlanOptions};
use crate::candidates::Candidates;
use crate::explain::{self, Explanation, RankingTable, Round};
use crate::fleet::{Fleet, HostIndex};
use crate::random::SplitMix64;
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;

pub(crate) struct Planner<'a> {
    scheduler: &'a Scheduler,
    /// The fleet that was given; owned as soon as a server of several is placed.
    fleet: Cow<'a, Fleet>,
    original: &'a Fleet,
    request: &'a PlacementRequest,
    options: &'a PlanOptions,
    random: SplitMix64,
    rounds: Vec<Round>,
}

/// The hosts that one server may choose from, best first, and the weight of the first.
struct Choice {
    hosts: Vec<HostIndex>,
    weight: f64,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(
        scheduler: &'a Scheduler,
        fleet: &'a Fleet,
        request: &'a PlacementRequest,
        options: &'a PlanOptions,
    ) -> Self {
        Self {
            scheduler,
            fleet: Cow::Borrowed(fleet),
            original: fleet,
            request,
            options,
            random: SplitMix64::new(options.seed),
            rounds: Vec::new(),
        }
    }

    pub(crate) fn run(mut self) -> Plan {
        let count = self.request.count();
        let mut chosen: Vec<(HostIndex, f64)> = Vec::new();
        let mut choice: Option<Choice> = None;
        for server in 0..count {
            let next = self.choose(
                server,
                choice.as_ref().map(|choice| choice.hosts.as_slice()),
            );
            let Some(host) = next.hosts.first().copied() else {
                break;
            };
            chosen.push((host, next.weight));
            choice = Some(next);
            if count > 1 {
                self.fleet.to_mut().claim_at(host, self.request.resources());
            }
        }
        let fits = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
        let placements = match choice {
            Some(choice) if fits == count => self.placements(&chosen, choice),
            _ => Vec::new(),
        };
        Plan::new(self.explanation(placements, fits))
    }

    /// Filters, weighs and sorts for one server. `former` is what the server before it could
    /// choose from, best first: only those are asked again, and in that order.
    fn choose(&mut self, server: u32, former: Option<&[HostIndex]>) -> Choice {
        let detail = self.options.detail;
        let candidates = match former {
            None => Candidates::all(self.fleet.len()),
            Some(hosts) => self.candidates_of(hosts),
        };
        let asked = candidates.len();
        let filtered = filtering::run(
            self.scheduler,
            &self.fleet,
            self.request,
            candidates,
            former.is_none(),
            detail,
        );
        let hosts: Vec<HostIndex> = match former {
            None => filtered.left.iter().collect(),
            Some(hosts) => hosts
                .iter()
                .copied()
                .filter(|host| filtered.left.contains(*host))
                .collect(),
        };
        let (choice, table) = self.rank(hosts);
        if detail > Detail::Off {
            let chosen = choice
                .hosts
                .first()
                .and_then(|host| self.fleet.name(*host))
                .cloned();
            self.rounds.push(Round {
                server: server.saturating_add(1),
                candidates: asked,
                filters: filtered.steps,
                not_reached: filtered.not_reached,
                ranking: table,
                chosen,
            });
        }
        choice
    }

    fn rank(&mut self, hosts: Vec<HostIndex>) -> (Choice, Option<RankingTable>) {
        let full = self.options.detail == Detail::Full;
        let ranking = Ranking::new(self.scheduler, &self.fleet, self.request, hosts, full);
        // Several servers choose from all that passed; for one, the best are enough.
        let limit = if self.request.count() > 1 {
            ranking.hosts.len()
        } else {
            let alternates = usize::try_from(self.request.alternates()).unwrap_or(usize::MAX);
            alternates.saturating_add(self.scheduler.host_subset_size())
        };
        let order = ranking.order(self.scheduler, limit, &mut self.random);
        let table = full
            .then(|| RankingTable::of(self.scheduler, &self.fleet, &ranking, &order))
            .flatten();
        let Order { places, .. } = order;
        let weight = places.first().map_or(0.0, |place| ranking.totals[*place]);
        let hosts = places
            .into_iter()
            .map(|place| ranking.hosts[place])
            .collect();
        (Choice { hosts, weight }, table)
    }

    /// The placements with their alternates. After several servers the hosts are filtered and
    /// sorted once more, as Nova does, so that alternates are judged by what is left.
    fn placements(&mut self, chosen: &[(HostIndex, f64)], last: Choice) -> Vec<Placement> {
        let wanted = usize::try_from(self.request.alternates()).unwrap_or(usize::MAX);
        let hosts = if self.request.count() > 1 && wanted > 0 {
            let left = filtering::run(
                self.scheduler,
                &self.fleet,
                self.request,
                self.candidates_of(&last.hosts),
                false,
                Detail::Off,
            )
            .left;
            let hosts = last
                .hosts
                .into_iter()
                .filter(|host| left.contains(*host))
                .collect();
            let ranking = Ranking::new(self.scheduler, &self.fleet, self.request, hosts, false);
            let order = ranking.order(self.scheduler, ranking.hosts.len(), &mut self.random);
            order
                .places
                .into_iter()
                .map(|place| ranking.hosts[place])
                .collect()
        } else {
            last.hosts
        };
        let taken = self.candidates_of(&chosen.iter().map(|(host, _)| *host).collect::<Vec<_>>());
        let alternates: Vec<_> = hosts
            .into_iter()
            .filter(|host| !taken.contains(*host))
            .filter_map(|host| self.fleet.name(host).cloned())
            .take(wanted)
            .collect();
        let placement = |(host, weight): &(HostIndex, f64)| {
            let host = self.fleet.name(*host)?.clone();
            Some(Placement {
                host,
                weight: *weight,
                alternates: alternates.clone(),
            })
        };
        chosen.iter().filter_map(placement).collect()
    }

    fn candidates_of(&self, hosts: &[HostIndex]) -> Candidates {
        let mut candidates = Candidates::none(self.fleet.len());
        for host in hosts {
            candidates.insert(*host);
        }
        candidates
    }

    fn explanation(self, placements: Vec<Placement>, fits: u32) -> Explanation {
        let failed = fits < self.request.count() && self.options.detail == Detail::Full;
        Explanation {
            detail: self.options.detail,
            generation: self.original.generation(),
            request: self.request.clone(),
            hosts: self.original.len(),
            fits,
            placements,
            rounds: self.rounds,
            shortfalls: if failed {
                explain::shortfalls(self.original, self.request)
            } else {
                Vec::new()
            },
            suggestion: failed
                .then(|| {
                    explain::suggest(
                        self.scheduler,
                        self.original,
                        self.request,
                        self.options,
                        fits,
                    )
                })
                .flatten(),
        }
    }
}
