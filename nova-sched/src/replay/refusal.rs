//! Why servers found no host.

use serde::{Deserialize, Serialize};

use crate::fleet::Fleet;
use crate::plan::{Detail, Plan, PlanOptions};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;
use crate::verdict::{Reason, Verdict};

/// Servers that found no host, for the same kind of reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refused {
    /// The filter that removed the last hosts; empty if there was no host before the first.
    pub filter: String,
    /// What it said of the first host that it refuses, for the first of the servers; `None` if it
    /// is a list of the request.
    pub reason: Option<Reason>,
    /// How many servers.
    pub servers: u64,
}

impl Refused {
    /// What stopped a request that found no host.
    pub(super) fn of(scheduler: &Scheduler, fleet: &Fleet, request: &PlacementRequest) -> Self {
        let options = PlanOptions::default().with_detail(Detail::Counts);
        let plan = scheduler.plan_with(fleet, request, &options);
        let filter = last_filter(&plan);
        let reason = scheduler
            .filters()
            .find(|known| known.name() == filter)
            .and_then(|filter| {
                fleet
                    .hosts()
                    .find_map(|host| match filter.check(request, &host) {
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

fn last_filter(plan: &Plan) -> String {
    let rounds = &plan.explain().rounds;
    let step = rounds
        .last()
        .and_then(|round| round.filters.iter().rev().find(|step| step.removed > 0));
    step.map_or_else(String::new, |step| step.filter.clone())
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
