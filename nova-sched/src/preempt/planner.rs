//! The planner: one server of the request after the other.

use std::sync::Arc;

use nova_core::id::ServerId;

use super::search::{Room, Search};
use super::value::{PreemptionPlan, PreemptionStep};
use crate::error::NoValidHost;
use crate::fleet::Fleet;
use crate::moves::Wishes;
use crate::plan::{Detail, Placement, PlanOptions, planner};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;

/// Finds the fewest servers of lower priority that have to go so that a request fits.
///
/// Only servers that the fleet knows one by one are touched, and of those only the ones whose
/// [priority](crate::ServerShape::priority) is below that of the request; never one of the request
/// itself. A victim is moved, where it may be and where the same scheduler finds a host that takes
/// it by its [`Wishes`]; else it is stopped. A victim of the request's own group is moved by the
/// rules of that group. The best plan has the fewest stops; of those the
/// fewest moves; of those the lowest priorities. Equally good hosts: the earlier one.
///
/// For one server of a request the victims are on one host, the one that it gets, and they are
/// moved to where there is room already: nothing is moved to make room for what is moved. Of such
/// ways the best is found ([`PreemptionPlan::exact`]), unless the search comes to its bounds: 4096
/// sets of victims on one host (all sets of 12 servers), 8192 tries whether a set is enough or who
/// takes a victim, 8 hosts to choose from for each victim, and as many hosts as
/// [`max_hosts`](Self::max_hosts) says. Beyond them it is greedy: victims of the lowest priority
/// first, and none that proves unnecessary.
/// Several servers get their room one after the other, so that together they may cost more than
/// they must.
///
/// ```
/// use nova_core::model::{Inventory, ResourceClass, Resources};
/// use nova_sched::preempt::Preemption;
/// use nova_sched::{Fleet, HostState, PlacedServer, PlacementRequest, Scheduler, ServerShape};
///
/// let memory = |amount| Resources::new().with(ResourceClass::MemoryMb, amount);
/// let node = |name: &str, amount| {
///     Ok::<_, nova_core::Error>(
///         HostState::new(name.parse()?, "az1".parse()?)
///             .with_inventory(ResourceClass::MemoryMb, Inventory::new(amount, 0, 1.0)?),
///     )
/// };
/// let batch = ServerShape::new(memory(3072)).with_priority(-10);
/// let batch = PlacedServer::new("00000000-0000-4000-8000-000000000001".parse()?, batch);
/// let fleet = Fleet::builder()
///     .host(node("node-1", 4096)?.with_server(batch))
///     .host(node("node-2", 3072)?)
///     .build();
/// let request = PlacementRequest::new(memory(4096));
/// let scheduler = Scheduler::default();
/// assert!(!scheduler.plan(&fleet, &request).is_placed());
///
/// let plan = Preemption::new(scheduler).plan(&fleet, &request)?;
/// assert_eq!(plan.placements[0].host.as_str(), "node-1");
/// assert_eq!(plan.moves().next().map(|moved| moved.to.as_str()), Some("node-2"));
/// assert_eq!(plan.stops().count(), 0);
/// println!("{plan}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Preemption {
    scheduler: Scheduler,
    wishes: Wishes,
    max_victims: usize,
    max_hosts: usize,
}

impl Preemption {
    /// With the scheduler that places the request, and finds hosts for what is moved.
    pub fn new(scheduler: Scheduler) -> Self {
        Self {
            scheduler,
            wishes: Wishes::default(),
            max_victims: usize::MAX,
            max_hosts: 256,
        }
    }

    /// What servers ask of the hosts that they are moved to.
    #[must_use]
    pub fn wishes(mut self, wishes: Wishes) -> Self {
        self.wishes = wishes;
        self
    }

    /// At most so many victims for each server of the request; any number unless it is said.
    #[must_use]
    pub fn max_victims(mut self, most: usize) -> Self {
        self.max_victims = most;
        self
    }

    /// On how many hosts victims are looked for: those first where the fewest and the least
    /// important may do. 256 unless it is said. Hosts that would refuse the request even without
    /// any victim do not count. Those that filters refuse
    /// [whoever is on them](crate::Filter::ignores_servers) are not tried at all; of the others, it
    /// is tried once whether they take the request when all who may be victims are gone.
    #[must_use]
    pub fn max_hosts(mut self, most: usize) -> Self {
        self.max_hosts = most;
        self
    }

    /// Plans room for a request. If there is room already, nobody is touched. Where as many as
    /// fit will do, room is made only if not a single one fits, and then for one.
    ///
    /// It is pure: the same fleet and request give the same plan, and no lots are drawn.
    ///
    /// # Errors
    /// [`NoValidHost`], with the explanation of the plan without victims, if no victims help.
    pub fn plan(
        &self,
        fleet: &Fleet,
        request: &PlacementRequest,
    ) -> Result<PreemptionPlan, NoValidHost> {
        let brief = PlanOptions::default().with_detail(Detail::Off);
        let ordinary = self.scheduler.plan_with(fleet, request, &brief);
        let (members, servers) = planner::with_ids(request);
        let mut run = Run {
            preemption: self,
            fleet: fleet.clone(),
            request: members.into_owned(),
            servers: &servers,
            known: request.servers().len(),
            steps: Vec::new(),
            placements: Vec::new(),
            exact: true,
        };
        if ordinary.is_placed() {
            for (server, placement) in (0..).zip(ordinary.placements()) {
                // They were planned for this fleet, one after the other.
                run.build(server, placement.clone());
            }
            return Ok(PreemptionPlan {
                generation: fleet.generation(),
                steps: run.steps,
                placements: run.placements,
                exact: true,
                explanation: ordinary.explain().clone(),
            });
        }
        let all = (0..request.least()).all(|server| run.place(server, &brief).is_some());
        let explanation = self.scheduler.plan(fleet, request).explain().clone();
        if !all {
            return Err(NoValidHost::new(explanation));
        }
        Ok(PreemptionPlan {
            generation: fleet.generation(),
            steps: run.steps,
            placements: run.placements,
            exact: run.exact && request.least() == 1,
            explanation,
        })
    }
}

/// A fleet in which room is made, step by step.
struct Run<'a> {
    preemption: &'a Preemption,
    fleet: Fleet,
    /// The request, with its group as it is after the steps.
    request: PlacementRequest,
    /// The ids of its servers; those after the first `known` are invented, and nobody is told.
    servers: &'a [ServerId],
    known: usize,
    steps: Vec<PreemptionStep>,
    placements: Vec<Placement>,
    exact: bool,
}

impl Run<'_> {
    /// Places one server, with victims if it must be; `None` if nothing helps.
    fn place(&mut self, server: u32, brief: &PlanOptions) -> Option<()> {
        let id = self.id(server);
        let one = self.request.clone().with_count(1).with_servers(id);
        let scheduler = &self.preemption.scheduler;
        let plan = scheduler.plan_with(&self.fleet, &one, brief);
        let placement = match plan.placements().first() {
            // Servers that come later may take the alternates.
            Some(placement) => Placement {
                alternates: Vec::new(),
                ..placement.clone()
            },
            None => {
                let search = Search {
                    scheduler,
                    wishes: &self.preemption.wishes,
                    max_victims: self.preemption.max_victims,
                    max_hosts: self.preemption.max_hosts,
                    fleet: &self.fleet,
                    request: &one,
                    protected: self.servers,
                };
                let (room, exact) = search.run();
                let room = room?;
                self.exact &= exact;
                self.make(&room);
                Placement {
                    host: self.fleet.name(room.host)?.clone(),
                    weight: 0.0,
                    alternates: Vec::new(),
                }
            }
        };
        self.build(server, placement)
    }

    /// Takes the victims away.
    fn make(&mut self, room: &Room) {
        for step in &room.steps {
            let (server, from, to) = match step {
                PreemptionStep::Move(moved) => (moved.server, &moved.from, Some(&moved.to)),
                PreemptionStep::Stop(stop) => (stop.server, &stop.host, None),
                PreemptionStep::Place { .. } => continue,
            };
            let service = |fleet: &Fleet, host| {
                let host = fleet.find(host);
                host.map(|host| host.service_host().clone())
            };
            let (from, to) = (
                service(&self.fleet, from),
                to.and_then(|to| service(&self.fleet, to)),
            );
            // The victims were found in this fleet, so nothing is unknown.
            if step.apply(&self.request, &mut self.fleet).is_ok()
                && let Some(from) = from
            {
                self.request
                    .note_move(&server, &from, to.as_ref(), &self.fleet);
            }
            self.steps.push(step.clone());
        }
    }

    /// The id of a server of the request while it is planned.
    fn id(&self, server: u32) -> Option<ServerId> {
        let place = usize::try_from(server).ok()?;
        self.servers.get(place).copied()
    }

    /// Puts a server of the request onto its host.
    fn build(&mut self, server: u32, placement: Placement) -> Option<()> {
        let host = self.fleet.index_of(&placement.host)?;
        let view = self.fleet.host(host);
        let service = view.service_host().clone();
        let claim = self.preemption.scheduler.hardware_for(&self.request, &view);
        let hardware = (!claim.is_empty()).then(|| Arc::new(claim));
        let planned = self.id(server);
        let step = |id| PreemptionStep::Place {
            server: server.saturating_add(1),
            id,
            host: placement.host.clone(),
            hardware: hardware.clone(),
        };
        step(planned).apply(&self.request, &mut self.fleet).ok()?;
        self.request.note_group_host(&service);
        let told = usize::try_from(server).is_ok_and(|place| place < self.known);
        self.steps.push(step(planned.filter(|_| told)));
        self.placements.push(placement);
        Some(())
    }
}
