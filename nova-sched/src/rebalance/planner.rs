//! The planner: the best move, then the best after that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::table::{Pair, Table};
use super::value::{Ending, RebalancePlan, ScoredMove};
use super::{FleetLoad, HostLoad, Score};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostIndex};
use crate::moves::{Wishes, takers};
use crate::scheduler::Scheduler;

/// Finds moves that raise a score.
///
/// Each move is the one of all that raises the score the most, of servers that the fleet knows one
/// by one, that [may be moved](crate::ServerShape::movable) and whose hosts are up; the
/// scheduler's filters must let the server onto its new host, by its [`Wishes`], and there must be
/// room. Servers keep their NUMA cells and PCI devices (see [`Wishes`]). Of equally good moves that
/// of the server with the lowest id is made, to the earlier host. It ends when no single move
/// raises the score, or with the most that are allowed. That is greedy: two moves that only
/// together raise the score are not found.
///
/// ```
/// use nova_core::model::{Inventory, ResourceClass, Resources};
/// use nova_sched::rebalance::{Pack, Rebalancer};
/// use nova_sched::{Fleet, HostState, PlacedServer, Scheduler, ServerShape};
///
/// let node = |name: &str| {
///     Ok::<_, nova_core::Error>(
///         HostState::new(name.parse()?, "az1".parse()?)
///             .with_inventory(ResourceClass::MemoryMb, Inventory::new(8192, 0, 1.0)?),
///     )
/// };
/// let server = |id: &str, memory| {
///     let shape = ServerShape::new(Resources::new().with(ResourceClass::MemoryMb, memory));
///     Ok::<_, nova_core::Error>(PlacedServer::new(id.parse()?, shape))
/// };
/// let fleet = Fleet::builder()
///     .host(node("node-1")?.with_server(server("00000000-0000-4000-8000-000000000001", 1024)?))
///     .host(node("node-2")?.with_server(server("00000000-0000-4000-8000-000000000002", 6144)?))
///     .build();
///
/// let rebalancer = Rebalancer::new(Scheduler::default(), Pack::default()).max_moves(10);
/// let plan = rebalancer.plan(&fleet);
/// assert_eq!(plan.moves[0].server_move.to.as_str(), "node-2");
/// assert!(plan.after > plan.before);
/// let after = plan.apply(&fleet)?;
/// assert_eq!(after.hosts().filter(|host| host.servers() == 0).count(), 1);
/// println!("{plan}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rebalancer {
    scheduler: Scheduler,
    score: Arc<dyn Score>,
    wishes: Wishes,
    max_moves: usize,
    min_gain: f64,
}

impl Rebalancer {
    /// The least that a move must gain unless it is said otherwise: what is less may be an error
    /// of rounding.
    pub const MIN_GAIN: f64 = 1e-9;

    /// With the scheduler whose filters say what may go where, and the score to raise.
    pub fn new(scheduler: Scheduler, score: impl Score) -> Self {
        Self {
            scheduler,
            score: Arc::new(score),
            wishes: Wishes::default(),
            max_moves: 100,
            min_gain: Self::MIN_GAIN,
        }
    }

    /// At most so many moves; 100 unless it is said.
    #[must_use]
    pub fn max_moves(mut self, most: usize) -> Self {
        self.max_moves = most;
        self
    }

    /// Only moves that gain more than this. What is not above [`MIN_GAIN`](Self::MIN_GAIN), or is
    /// no number, counts as that.
    #[must_use]
    pub fn min_gain(mut self, gain: f64) -> Self {
        self.min_gain = gain.max(Self::MIN_GAIN);
        self
    }

    /// What servers ask of the hosts that they are moved to.
    #[must_use]
    pub fn wishes(mut self, wishes: Wishes) -> Self {
        self.wishes = wishes;
        self
    }

    /// The score of a fleet.
    pub fn score(&self, fleet: &Fleet) -> f64 {
        let load = FleetLoad::of(fleet);
        let hosts = fleet.hosts();
        hosts
            .map(|host| self.score.host(&load, &HostLoad::new(host)))
            .sum()
    }

    /// Plans moves. It is pure: the same fleet gives the same plan.
    pub fn plan(&self, fleet: &Fleet) -> RebalancePlan {
        let before = self.score(fleet);
        let mut plan = RebalancePlan {
            generation: fleet.generation(),
            score: self.score.name().to_owned(),
            before,
            after: before,
            moves: Vec::new(),
            ending: Ending::MostMoves,
        };
        let load = FleetLoad::of(fleet);
        let mut fleet = fleet.clone();
        let mut table = Table::new(self.score.as_ref(), &load, &fleet);
        while plan.moves.len() < self.max_moves {
            let Some(best) = self.best(&table, &fleet) else {
                plan.ending = Ending::NoGain;
                break;
            };
            let (from, to, gain) = (best.pair.host, best.to, best.gain);
            let server = best.pair.server;
            let wish = self.wishes.request(&fleet, server);
            let name = fleet.host(from).name();
            let server_move = takers::moved(&self.scheduler, &fleet, &wish, &server.id, name, to);
            if server_move.apply(&mut fleet).is_err() {
                plan.ending = Ending::NoGain;
                break;
            }
            plan.moves.push(ScoredMove { server_move, gain });
            table.update(&fleet, from);
            table.update(&fleet, to);
        }
        plan.after = self.score(&fleet);
        plan
    }

    /// The best move there is, if it gains enough.
    ///
    /// Servers are looked at in order of what they would gain on the best host of all, whether it
    /// takes them or not; that is never less than what they do gain. So the search ends with the
    /// first server that cannot gain as much as the best move that was found.
    fn best<'a>(&self, table: &Table<'a>, fleet: &'a Fleet) -> Option<Best<'a>> {
        let mut takers_of: BTreeMap<(usize, u32), Candidates> = BTreeMap::new();
        let mut best: Option<Best<'a>> = None;
        for pair in table.pairs(fleet, &self.wishes, self.min_gain) {
            if let Some(best) = &best
                && (pair.most < best.gain
                    || (pair.most <= best.gain && pair.server.id > best.pair.server.id))
            {
                // The rest gains no more, and those that gain as much have higher ids.
                break;
            }
            let own;
            let takers = if self.wishes.are_own(pair.server) {
                own = self.takers(fleet, &pair);
                &own
            } else {
                // What nobody knows more of asks for the same as others of its shape in its zone.
                let shape = Arc::as_ptr(&pair.server.shape).addr();
                let zone = fleet.zone_numbers().get(pair.host.get()).copied();
                takers_of
                    .entry((shape, zone.unwrap_or(u32::MAX)))
                    .or_insert_with(|| self.takers(fleet, &pair))
            };
            let found = table.best_of(&pair, takers);
            let Some((to, gain)) = found.filter(|(_, gain)| *gain > self.min_gain) else {
                continue;
            };
            let better = best.as_ref().is_none_or(|best| {
                gain > best.gain || (gain >= best.gain && pair.server.id < best.pair.server.id)
            });
            if better {
                best = Some(Best { pair, to, gain });
            }
        }
        best
    }

    /// Who takes a server. Its own host may be among them, for the sake of others like it.
    fn takers(&self, fleet: &Fleet, pair: &Pair<'_>) -> Candidates {
        let wish = self.wishes.request(fleet, pair.server);
        takers::all(&self.scheduler, fleet, &wish)
    }
}

struct Best<'a> {
    pair: Pair<'a>,
    to: HostIndex,
    gain: f64,
}
