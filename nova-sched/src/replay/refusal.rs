//! Why servers found no host.

use nova_core::model::ServerGroupPolicy;
use serde::{Deserialize, Serialize};

use crate::candidates::Candidates;
use crate::explain::FilterStep;
use crate::filters::{Filter as _, ServerGroupAffinityFilter};
use crate::fleet::Fleet;
use crate::plan::{Detail, PlanOptions, filtering};
use crate::request::{GroupRequest, PlacementRequest};
use crate::scheduler::Scheduler;
use crate::verdict::{Reason, Verdict};

/// Servers that found no host, for the same kind of reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refused {
    /// The filter that removed the last hosts; for a server whose group is to stay together, the
    /// last of the hosts that the group is on, since the others are refused for not being those.
    /// Empty if there was no host before the first.
    pub filter: String,
    /// What it said of the first of these hosts that it refuses, for the first of the servers; `None` if it
    /// is a list of the request.
    pub reason: Option<Reason>,
    /// How many servers.
    pub servers: u64,
}

impl Refused {
    /// What stopped a request that found no host.
    pub(super) fn of(scheduler: &Scheduler, fleet: &Fleet, request: &PlacementRequest) -> Self {
        let own = own_hosts(scheduler, fleet, request).and_then(|own| {
            let filtered =
                filtering::run(scheduler, fleet, request, own.clone(), true, Detail::Counts);
            Some((last_step(&filtered.steps)?, own))
        });
        let (filter, hosts) = own.unwrap_or_else(|| {
            let options = PlanOptions::default().with_detail(Detail::Counts);
            let plan = scheduler.plan_with(fleet, request, &options);
            let last = plan.explain().rounds.last();
            let filter = last.and_then(|round| last_step(&round.filters));
            (filter.unwrap_or_default(), Candidates::all(fleet.len()))
        });
        let reason = scheduler
            .filters()
            .find(|known| known.name() == filter)
            .and_then(|filter| {
                hosts
                    .iter()
                    .find_map(|host| match filter.check(request, &fleet.host(host)) {
                        Verdict::Reject(reason) => Some(reason),
                        Verdict::Pass => None,
                    })
            });
        Self {
            filter,
            reason,
            servers: 1,
        }
    }

    /// Counts one more.
    pub(super) fn add_to(self, all: &mut Vec<Self>) {
        let like = all.iter_mut().find(|one| {
            one.filter == self.filter && kind(one.reason.as_ref()) == kind(self.reason.as_ref())
        });
        match like {
            Some(one) => one.servers += self.servers,
            None => all.push(self),
        }
    }
}

/// The hosts that the server's group is on, if the scheduler keeps it there.
fn own_hosts(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
) -> Option<Candidates> {
    let affinity = |group: &&GroupRequest| group.rules.policy() == ServerGroupPolicy::Affinity;
    let group = request.group().filter(affinity)?;
    let mut filters = scheduler.filters_for(request);
    filters.find(|filter| filter.name() == ServerGroupAffinityFilter.name())?;
    let mut own = Candidates::none(fleet.len());
    for service in &group.hosts {
        for host in fleet.nodes_of(service) {
            own.insert(host);
        }
    }
    Some(own)
}

fn last_step(steps: &[FilterStep]) -> Option<String> {
    let step = steps.iter().rev().find(|step| step.removed > 0)?;
    Some(step.filter.clone())
}

/// The kind of a reason, and the class that it is about.
fn kind(
    reason: Option<&Reason>,
) -> Option<(
    std::mem::Discriminant<Reason>,
    Option<&nova_core::model::ResourceClass>,
)> {
    let reason = reason?;
    let class = match reason {
        Reason::InsufficientResource { class, .. } | Reason::AboveMaxUnit { class, .. } => {
            Some(class)
        }
        _ => None,
    };
    Some((std::mem::discriminant(reason), class))
}
