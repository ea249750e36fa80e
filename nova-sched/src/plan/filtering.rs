//! One run of the filters, and what is noted of it.

use nova_core::id::HostName;

use crate::candidates::Candidates;
use crate::explain::{Failure, FilterStep, Refusal};
use crate::filters::{Filter, PerKind};
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

/// The hosts that the lists of the request leave.
pub(crate) fn listed(fleet: &Fleet, request: &PlacementRequest) -> Candidates {
    let mut run = Filtered {
        left: Candidates::all(fleet.len()),
        steps: Vec::new(),
        not_reached: Vec::new(),
        failure: None,
    };
    run.lists(fleet, request, Detail::Off);
    run.left
}

/// The first of the hosts that a filter removed because it could not judge it.
fn first_malformed(
    filter: &dyn Filter,
    fleet: &Fleet,
    request: &PlacementRequest,
    removed: &Candidates,
) -> Option<Failure> {
    let failure = |index: HostIndex| {
        let host = fleet.host(index);
        match filter.check(request, &host) {
            Verdict::Reject(reason @ Reason::Malformed { .. }) => {
                Some(Failure::new(filter.name(), host.name(), reason))
            }
            _ => None,
        }
    };
    let kinds = filter.told_apart_by(request, fleet);
    let mut asked = PerKind::default();
    removed
        .iter()
        .filter(|host| match kinds.and_then(|kinds| kinds.get(host.get())) {
            // What is not malformed for one is not for any of its kind.
            Some(kind) => !std::mem::replace(asked.of(*kind, || false), true),
            None => true,
        })
        .find_map(failure)
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
            step.note_all(filter, fleet, request, &before.without(&self.left));
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
                    let name = fleet.name(host);
                    step.note(reason, name);
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

    /// Notes why each of some hosts was removed. Of hosts that are alike, one is asked.
    fn note_all(
        &mut self,
        filter: &dyn Filter,
        fleet: &Fleet,
        request: &PlacementRequest,
        removed: &Candidates,
    ) {
        let kinds = filter.told_apart_by(request, fleet);
        let check = filter.prepared(request);
        let mut places = PerKind::default();
        for host in removed.iter() {
            let name = fleet.name(host);
            let mut ask = || match check(&fleet.host(host)) {
                Verdict::Reject(reason) => self.place_of(&reason),
                // The author's sweep and check disagree; the sweep was obeyed.
                Verdict::Pass => None,
            };
            let place = match kinds.and_then(|kinds| kinds.get(host.get())) {
                Some(kind) => *places.of(*kind, ask),
                None => ask(),
            };
            self.count(place, name);
        }
    }

    fn note(&mut self, reason: &Reason, host: Option<&HostName>) {
        let place = self.place_of(reason);
        self.count(place, host);
    }

    /// Where hosts that were refused for such a reason are counted; `None` if there are too many
    /// kinds of reason.
    fn place_of(&mut self, reason: &Reason) -> Option<usize> {
        let measure = reason.measure();
        let mut known = self.refusals.iter_mut().enumerate();
        if let Some((place, refusal)) = known.find(|(_, refusal)| refusal.reason.is_like(reason)) {
            if let (Some((low, high)), Some(measure)) = (&mut refusal.range, measure) {
                *low = (*low).min(measure);
                *high = (*high).max(measure);
            }
            return Some(place);
        }
        if self.refusals.len() >= Self::MAX_REFUSALS {
            return None;
        }
        self.refusals.push(Refusal {
            reason: reason.clone(),
            count: 0,
            range: measure.map(|measure| (measure, measure)),
            examples: Vec::new(),
        });
        Some(self.refusals.len() - 1)
    }

    fn count(&mut self, place: Option<usize>, host: Option<&HostName>) {
        let Some(refusal) = place.and_then(|place| self.refusals.get_mut(place)) else {
            self.others += 1;
            return;
        };
        refusal.count += 1;
        if let Some(host) = host
            && refusal.examples.len() < Refusal::MAX_EXAMPLES
        {
            refusal.examples.push(host.clone());
        }
    }
}
