//! The search for the smallest change that would have fitted.
//!
//! All filters are swept over all hosts, not stopping at the first that refuses. Hosts are looked
//! at in order of how many filters refuse them, then of how large the changes are that the first
//! reasons call for, then of their place. For the nearest few, changes are made one after another
//! until no filter refuses; the smallest of those is tried with a plan before it is suggested.

use nova_core::id::HostName;

use super::{Change, Suggestion};
use crate::candidates::Candidates;
use crate::filters::Filter;
use crate::fleet::{Fleet, HostIndex, HostView};
use crate::plan::{Detail, PlanOptions};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;
use crate::verdict::{Reason, Verdict};

/// For how many of the nearest hosts changes are worked out.
const NEAREST: usize = 16;
/// How many changes one filter may call for on one host: there are more only if a filter of
/// somebody's own is never content.
const MOST_CHANGES: usize = 32;

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
        let size = |changes: &[Change]| changes.iter().map(Change::magnitude).sum::<f64>();
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
        let mut add = |host: HostIndex, changes: Option<Vec<Change>>| {
            let (count, size) = &mut cost[host.get()];
            *count += 1;
            *size += changes.map_or(f64::INFINITY, |changes| {
                changes.iter().map(Change::magnitude).sum()
            });
        };
        for filter in self.scheduler.filters_for(self.request) {
            let mut left = everyone.clone();
            filter.sweep(self.request, self.fleet, &mut left);
            for host in everyone.without(&left).iter() {
                let view = self.fleet.host(host);
                add(
                    host,
                    match filter.check(self.request, &view) {
                        Verdict::Reject(reason) => relax(&reason, &view),
                        Verdict::Pass => None,
                    },
                );
            }
        }
        for host in everyone.iter() {
            for change in lists(self.request, self.fleet.host(host).name()) {
                add(host, Some(vec![change]));
            }
        }
        let mut hosts: Vec<HostIndex> = everyone
            .iter()
            .filter(|host| cost[host.get()].1.is_finite())
            .collect();
        let nearer = |one: &HostIndex, other: &HostIndex| {
            let (one_cost, other_cost) = (cost[one.get()], cost[other.get()]);
            let count = one_cost.0.cmp(&other_cost.0);
            count
                .then(one_cost.1.total_cmp(&other_cost.1))
                .then(one.cmp(other))
        };
        if hosts.len() > NEAREST {
            hosts.select_nth_unstable_by(NEAREST, nearer);
            hosts.truncate(NEAREST);
        }
        hosts
    }

    /// The changes after which no filter refuses the host; `None` if there is a reason that no
    /// change of ours removes.
    fn changes_for(&self, host: HostIndex) -> Option<Vec<Change>> {
        let mut changes = lists(self.request, self.fleet.host(host).name());
        let (mut request, mut fleet) = (self.request.clone(), self.fleet.clone());
        for change in &changes {
            (request, fleet) = change.apply(&request, &fleet);
        }
        for filter in self.scheduler.filters_for(self.request) {
            let mut attempts = 0;
            while let Some(reason) = refusal(filter, &request, &fleet, host) {
                attempts += 1;
                if attempts > MOST_CHANGES {
                    return None;
                }
                for change in relax(&reason, &fleet.host(host))? {
                    (request, fleet) = change.apply(&request, &fleet);
                    changes.push(change);
                }
            }
        }
        Some(changes)
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

fn refusal(
    filter: &dyn Filter,
    request: &PlacementRequest,
    fleet: &Fleet,
    host: HostIndex,
) -> Option<Reason> {
    match filter.check(request, &fleet.host(host)) {
        Verdict::Pass => None,
        Verdict::Reject(reason) => Some(reason),
    }
}

/// What the lists of the request call for.
fn lists(request: &PlacementRequest, host: &HostName) -> Vec<Change> {
    let mut changes = Vec::new();
    if request.ignores(host) {
        changes.push(Change::StopIgnoring { host: host.clone() });
    }
    if !request.allows(host) {
        changes.push(Change::ForceOtherHost { host: host.clone() });
    }
    changes
}

/// The changes that remove a reason; `None` if we know of none.
fn relax(reason: &Reason, host: &HostView<'_>) -> Option<Vec<Change>> {
    let name = || host.name().clone();
    Some(match reason {
        Reason::InsufficientResource { class, wanted, .. }
        | Reason::AboveMaxUnit { class, wanted, .. } => {
            let amounts = host.amounts(class);
            let fits = amounts.free().min(amounts.max_unit());
            let lower = |to| Change::LowerResource {
                class: class.clone(),
                from: *wanted,
                to,
            };
            if fits > 0 {
                vec![lower(fits)]
            } else if amounts.largest() == 0 {
                // The host does not offer the class: it can only be left away.
                if matches!(class.as_str(), "VCPU" | "MEMORY_MB") {
                    return None;
                }
                vec![lower(0)]
            } else {
                let to = amounts.largest().min(*wanted);
                let amount = amounts
                    .used
                    .saturating_add(to)
                    .saturating_sub(amounts.capacity);
                let free = Change::FreeResource {
                    host: name(),
                    class: class.clone(),
                    amount,
                };
                if to < *wanted {
                    vec![lower(to), free]
                } else {
                    vec![free]
                }
            }
        }
        Reason::WrongZone { wanted, actual } => {
            vec![Change::OtherZone {
                from: wanted.clone(),
                to: actual.clone(),
            }]
        }
        Reason::HostDisabled { .. } => vec![Change::EnableHost { host: name() }],
        Reason::HostDown { .. } => vec![Change::BringUpHost { host: name() }],
        Reason::CapabilityMismatch { key, .. } | Reason::Malformed { key, .. } => {
            vec![Change::DropCapability { key: key.clone() }]
        }
        Reason::Ignored => vec![Change::StopIgnoring { host: name() }],
        Reason::NotForced => vec![Change::ForceOtherHost { host: name() }],
        Reason::NumaMisfit { .. }
        | Reason::PciMisfit { .. }
        | Reason::NotRequested
        | Reason::Custom { .. } => return None,
    })
}
