//! The search for the smallest change that would have fitted.
//!
//! All filters are swept over all hosts, not stopping at the first that refuses. Hosts are looked
//! at in order of how many filters refuse them, then of how large the changes are that the first
//! reasons call for, then of their place. For the nearest few, changes are made one after another
//! until no filter refuses, and those that prove unnecessary are taken back; the smallest of those
//! is tried with a plan before it is suggested.

use nova_core::id::HostName;

use super::relief::{self, Relief};
use super::{Change, Suggestion};
use crate::candidates::Candidates;
use crate::filters::Filter;
use crate::fleet::{Fleet, HostIndex};
use crate::plan::{Detail, PlanOptions};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;
use crate::verdict::{Reason, Verdict};

/// For how many of the nearest hosts changes are worked out.
const NEAREST: usize = 16;
/// How many changes one filter may call for on one host: there are more only if a filter of
/// somebody's own is never content.
const MOST_CHANGES: usize = 32;
/// For how many kinds of reason of one filter it is searched which part of the request is behind
/// them. Hosts that are refused for yet another are left out.
const MOST_KINDS: usize = 32;

pub(crate) fn suggest(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
    options: &PlanOptions,
    fits: u32,
) -> Option<Suggestion> {
    let search = Search {
        scheduler,
        fleet,
        request,
        options,
    };
    if fits > 0 {
        let fewer = Change::LowerCount {
            from: request.count(),
            to: fits,
        };
        return search.tried(vec![fewer], None);
    }
    let mut found: Vec<(HostIndex, Vec<Change>)> = search
        .nearest()
        .into_iter()
        .filter_map(|host| Some((host, search.changes_for(host)?)))
        .collect();
    found.sort_by(|(one, these), (other, those)| {
        these
            .len()
            .cmp(&those.len())
            .then_with(|| size(these).total_cmp(&size(those)))
            .then_with(|| one.cmp(other))
    });
    found
        .into_iter()
        .find_map(|(host, changes)| search.tried(changes, fleet.name(host).cloned()))
}

fn size(changes: &[Change]) -> f64 {
    changes.iter().map(Change::magnitude).sum()
}

struct Search<'a> {
    scheduler: &'a Scheduler,
    fleet: &'a Fleet,
    request: &'a PlacementRequest,
    options: &'a PlanOptions,
}

impl Search<'_> {
    /// The hosts that look nearest to fitting, in no particular order.
    fn nearest(&self) -> Vec<HostIndex> {
        let everyone = Candidates::all(self.fleet.len());
        let mut cost = vec![(0_u32, 0.0_f64); self.fleet.len()];
        for filter in self.scheduler.filters_for(self.request) {
            let mut left = everyone.clone();
            filter.sweep(self.request, self.fleet, &mut left);
            let mut kinds = Kinds::default();
            for host in everyone.without(&left).iter() {
                if let Some((count, sum)) = cost.get_mut(host.get()) {
                    *count += 1;
                    // What cannot be helped needs no second look.
                    if sum.is_finite() {
                        *sum += self.estimate(filter, host, &mut kinds);
                    }
                }
            }
        }
        for host in self.fleet.hosts() {
            let changes = relief::lists(self.request, &host);
            if let Some((count, sum)) = cost.get_mut(host.index().get()) {
                *count += u32::try_from(changes.len()).unwrap_or(u32::MAX);
                *sum += size(&changes);
            }
        }
        let cost_of = |host: &HostIndex| cost.get(host.get()).copied().unwrap_or_default();
        let mut hosts: Vec<HostIndex> = everyone
            .iter()
            .filter(|host| cost_of(host).1.is_finite())
            .collect();
        if hosts.len() > NEAREST {
            hosts.select_nth_unstable_by(NEAREST, |one, other| {
                let ((count, sum), (other_count, other_sum)) = (cost_of(one), cost_of(other));
                let counts = count.cmp(&other_count);
                counts.then(sum.total_cmp(&other_sum)).then(one.cmp(other))
            });
            hosts.truncate(NEAREST);
        }
        hosts
    }

    /// How large the change is that makes one filter pass a host; infinite if there is none.
    fn estimate(&self, filter: &dyn Filter, host: HostIndex, kinds: &mut Kinds) -> f64 {
        let view = self.fleet.host(host);
        let reason = match filter.check(self.request, &view) {
            Verdict::Reject(reason) => reason,
            // The author's sweep and check disagree.
            Verdict::Pass => return f64::INFINITY,
        };
        match relief::relief(&reason, self.request, &view) {
            Relief::Changes(changes) => size(&changes),
            Relief::Nothing => f64::INFINITY,
            Relief::Unknown => kinds.size_of(reason, |reason| {
                relief::search(filter, reason, self.request, self.fleet, host)
            }),
        }
    }

    /// The changes after which no filter refuses the host; `None` if there is a reason that no
    /// change of ours removes.
    fn changes_for(&self, host: HostIndex) -> Option<Vec<Change>> {
        let mut changes = relief::lists(self.request, &self.fleet.host(host));
        let (mut request, mut fleet) = self.after(&changes);
        for filter in self.scheduler.filters_for(self.request) {
            let mut attempts = 0;
            while let Verdict::Reject(reason) = filter.check(&request, &fleet.host(host)) {
                attempts += 1;
                if attempts > MOST_CHANGES {
                    return None;
                }
                let more = match relief::relief(&reason, &request, &fleet.host(host)) {
                    Relief::Changes(more) => more,
                    Relief::Nothing => return None,
                    Relief::Unknown => {
                        vec![relief::search(filter, &reason, &request, &fleet, host)?]
                    }
                };
                for change in more {
                    (request, fleet) = change.apply(&request, &fleet);
                    changes.push(change);
                }
            }
        }
        Some(self.without_unnecessary(changes, host))
    }

    /// Takes changes back that a later one made unnecessary, the largest first.
    fn without_unnecessary(&self, mut changes: Vec<Change>, host: HostIndex) -> Vec<Change> {
        let mut largest_first: Vec<Change> = changes.clone();
        largest_first.sort_by(|one, other| other.magnitude().total_cmp(&one.magnitude()));
        for change in largest_first {
            let fewer: Vec<Change> = changes
                .iter()
                .filter(|other| **other != change)
                .cloned()
                .collect();
            if !fewer.is_empty() && self.is_enough(&fewer, host) {
                changes = fewer;
            }
        }
        changes
    }

    fn is_enough(&self, changes: &[Change], host: HostIndex) -> bool {
        let (request, fleet) = self.after(changes);
        let view = fleet.host(host);
        relief::lists(&request, &view).is_empty()
            && self
                .scheduler
                .filters_for(&request)
                .all(|filter| filter.check(&request, &view).is_pass())
    }

    fn after(&self, changes: &[Change]) -> (PlacementRequest, Fleet) {
        let unchanged = (self.request.clone(), self.fleet.clone());
        changes.iter().fold(unchanged, |(request, fleet), change| {
            change.apply(&request, &fleet)
        })
    }

    /// The changes as a suggestion, if a plan shows that they help; with fewer servers if that is
    /// what else it takes.
    fn tried(&self, changes: Vec<Change>, host: Option<HostName>) -> Option<Suggestion> {
        if changes.is_empty() {
            return None;
        }
        let options = self.options.clone().with_detail(Detail::Off);
        let mut suggestion = Suggestion { changes, host };
        let (request, fleet) = suggestion.apply(self.request, self.fleet);
        let plan = self.scheduler.plan_with(&fleet, &request, &options);
        if plan.is_placed() {
            return Some(suggestion);
        }
        let fits = plan.explain().fits;
        if fits == 0 {
            return None;
        }
        suggestion.changes.push(Change::LowerCount {
            from: request.count(),
            to: fits,
        });
        let (request, fleet) = suggestion.apply(self.request, self.fleet);
        let plan = self.scheduler.plan_with(&fleet, &request, &options);
        plan.is_placed().then_some(suggestion)
    }
}

/// For each kind of reason of one filter, how large the change is that removes it: searched for
/// once, on the first host.
#[derive(Default)]
struct Kinds(Vec<(Reason, f64)>);

impl Kinds {
    fn size_of(&mut self, reason: Reason, search: impl Fn(&Reason) -> Option<Change>) -> f64 {
        if let Some((_, size)) = self.0.iter().find(|(kind, _)| kind.is_like(&reason)) {
            return *size;
        }
        if self.0.len() == MOST_KINDS {
            return f64::INFINITY;
        }
        let size = search(&reason).map_or(f64::INFINITY, |change| change.magnitude());
        self.0.push((reason, size));
        size
    }
}
