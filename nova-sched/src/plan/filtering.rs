//! One run of the filters, and what is noted of it.

use crate::candidates::Candidates;
use crate::explain::{Failure, FilterStep, Refusal};
use crate::filters::Filter;
use crate::fleet::{Fleet, HostIndex, HostView};
use crate::plan::Detail;
use crate::request::{Destination, PlacementRequest};
use crate::scheduler::Scheduler;
use crate::verdict::{Reason, Verdict};

/// What the filters left, and what is noted of each.
pub(crate) struct Filtered {
    pub(crate) left: Candidates,
    pub(crate) steps: Vec<FilterStep>,
    pub(crate) not_reached: Vec<String>,
    /// What failed the request, where the scheduler is one that lets it; then no host is left.
    pub(crate) failure: Option<Failure>,
}

/// Runs the lists of the request and the filters over `candidates`.
pub(crate) fn run(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
    candidates: Candidates,
    first: bool,
    detail: Detail,
) -> Filtered {
    let mut run = Filtered {
        left: candidates,
        steps: Vec::new(),
        not_reached: Vec::new(),
        failure: None,
    };
    run.lists(fleet, request, detail);
    let filters = scheduler
        .filters_for(request)
        .filter(|filter| first || !filter.run_once_per_request());
    for filter in filters {
        if run.left.is_empty() {
            if detail > Detail::Off {
                run.not_reached.push(filter.name().to_owned());
            }
            continue;
        }
        let before = scheduler
            .malformed_fails_request()
            .then(|| run.left.clone());
        run.filter(filter, fleet, request, detail);
        run.failure = before.and_then(|before| {
            let removed = before.without(&run.left);
            first_malformed(filter, fleet, request, &removed)
        });
        if run.failure.is_some() {
            run.left.clear();
            break;
        }
    }
    run
}

/// The first of the hosts that a filter removed because it could not judge it.
fn first_malformed(
    filter: &dyn Filter,
    fleet: &Fleet,
    request: &PlacementRequest,
    removed: &Candidates,
) -> Option<Failure> {
    removed.iter().find_map(|index| {
        let host = fleet.host(index);
        match filter.check(request, &host) {
            Verdict::Reject(reason @ Reason::Malformed { .. }) => {
                Some(Failure::new(filter.name(), host.name(), reason))
            }
            _ => None,
        }
    })
}

impl Filtered {
    /// The hosts that the request names itself, in Nova's order. Names of hosts are compared
    /// without regard to case; those of a destination and of nodes are not.
    fn lists(&mut self, fleet: &Fleet, request: &PlacementRequest, detail: Detail) {
        if let Some(Destination {
            host: Some(wanted),
            node,
            ..
        }) = request.destination()
        {
            self.list(
                "requested_destination",
                fleet,
                detail,
                &Reason::NotRequested,
                |host| {
                    host.service_host() == wanted
                        && node.as_ref().is_none_or(|node| host.name() == node)
                },
            );
        }
        if !request.ignore_hosts().is_empty() {
            self.list("ignore_hosts", fleet, detail, &Reason::Ignored, |host| {
                !request.ignores(host.service_host())
            });
        }
        if !request.force_hosts().is_empty() {
            self.list("force_hosts", fleet, detail, &Reason::NotForced, |host| {
                request.allows(host.service_host())
            });
        }
        if !request.force_nodes().is_empty() {
            self.list("force_nodes", fleet, detail, &Reason::NotForced, |host| {
                request.force_nodes().contains(host.name())
            });
        }
    }

    fn filter(
        &mut self,
        filter: &dyn Filter,
        fleet: &Fleet,
        request: &PlacementRequest,
        detail: Detail,
    ) {
        if detail == Detail::Off {
            filter.sweep(request, fleet, &mut self.left);
            return;
        }
        let before = self.left.clone();
        filter.sweep(request, fleet, &mut self.left);
        let mut step = FilterStep::new(filter.name(), before.len(), self.left.len());
        if detail == Detail::Full && step.removed > 0 {
            for host in before.without(&self.left).iter() {
                match filter.check(request, &fleet.host(host)) {
                    Verdict::Reject(reason) => step.note(reason, fleet, host),
                    // The author's sweep and check disagree; the sweep was obeyed.
                    Verdict::Pass => step.others += 1,
                }
            }
        }
        self.steps.push(step);
    }

    fn list(
        &mut self,
        name: &str,
        fleet: &Fleet,
        detail: Detail,
        reason: &Reason,
        keep: impl Fn(&HostView<'_>) -> bool,
    ) {
        let before = self.left.clone();
        self.left.retain(|host| keep(&fleet.host(host)));
        if detail > Detail::Off {
            let mut step = FilterStep::new(name, before.len(), self.left.len());
            if detail == Detail::Full {
                for host in before.without(&self.left).iter() {
                    step.note(reason.clone(), fleet, host);
                }
            }
            self.steps.push(step);
        }
    }
}

impl FilterStep {
    fn new(filter: &str, before: usize, left: usize) -> Self {
        Self {
            filter: filter.to_owned(),
            removed: before.saturating_sub(left),
            left,
            refusals: Vec::new(),
            others: 0,
        }
    }

    fn note(&mut self, reason: Reason, fleet: &Fleet, host: HostIndex) {
        let examples = |refusal: &mut Refusal| {
            if let Some(name) = fleet.name(host)
                && refusal.examples.len() < Refusal::MAX_EXAMPLES
            {
                refusal.examples.push(name.clone());
            }
        };
        if let Some(refusal) = self
            .refusals
            .iter_mut()
            .find(|refusal| refusal.reason.is_like(&reason))
        {
            refusal.count += 1;
            if let (Some((low, high)), Some(measure)) = (&mut refusal.range, reason.measure()) {
                *low = (*low).min(measure);
                *high = (*high).max(measure);
            }
            examples(refusal);
        } else if self.refusals.len() < FilterStep::MAX_REFUSALS {
            let range = reason.measure().map(|measure| (measure, measure));
            let mut refusal = Refusal {
                reason,
                count: 1,
                range,
                examples: Vec::new(),
            };
            examples(&mut refusal);
            self.refusals.push(refusal);
        } else {
            self.others += 1;
        }
    }
}
