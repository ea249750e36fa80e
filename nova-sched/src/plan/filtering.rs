//! One run of the filters, and what is noted of it.

use crate::candidates::Candidates;
use crate::explain::{FilterStep, Refusal};
use crate::filters::Filter;
use crate::fleet::{Fleet, HostIndex};
use crate::plan::Detail;
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;
use crate::verdict::{Reason, Verdict};

/// What the filters left, and what is noted of each.
pub(super) struct Filtered {
    pub(super) left: Candidates,
    pub(super) steps: Vec<FilterStep>,
    pub(super) not_reached: Vec<String>,
}

/// Runs the lists of the request (for the first server) and the filters over `candidates`.
pub(super) fn run(
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
    };
    if first && !request.ignore_hosts().is_empty() {
        run.list("ignore_hosts", fleet, detail, &Reason::Ignored, |host| {
            fleet.name(host).is_some_and(|name| !request.ignores(name))
        });
    }
    if first && !request.force_hosts().is_empty() {
        run.list("force_hosts", fleet, detail, &Reason::NotForced, |host| {
            fleet.name(host).is_some_and(|name| request.allows(name))
        });
    }
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
        run.filter(filter, fleet, request, detail);
    }
    run
}

impl Filtered {
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
        keep: impl Fn(HostIndex) -> bool,
    ) {
        let before = self.left.clone();
        self.left.retain(keep);
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
