//! The search for the smallest change that would have fitted.
//!
//! All filters are swept over all hosts, not stopping at the first that refuses. Hosts are looked
//! at in order of how many filters refuse them, then of how large the changes are that the first
//! reasons call for, then of their place; where several servers are asked for, also with those
//! first that have room for the ones that are left over. For the nearest few, changes are made one
//! after another until no filter refuses, and those that prove unnecessary are taken back. What is
//! found is tried with a plan, the smallest first, and to ask for as many servers as fit is added
//! where it takes that too, and what several servers are given less of is lowered no more than it
//! takes; where some fit as things are, that alone is tried with the others. The
//! smallest that helps is suggested: the fewest changes, then the least of them.

use std::cmp::Ordering;

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

/// For how many of the nearest hosts changes are worked out; twice as many at most where several
/// servers are asked for.
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
        fits,
    };
    // What is most likely the smallest first; fewer servers may have to be asked for besides.
    let mut candidates: Vec<(Size, Vec<Change>)> = Vec::new();
    if fits > 0 {
        let fewer = vec![Change::LowerCount {
            from: request.count(),
            to: fits,
        }];
        candidates.push((Size::of(&fewer, None), fewer));
    }
    candidates.extend(search.nearest().into_iter().filter_map(|host| {
        let changes = search.changes_for(host)?;
        Some((Size::of(&changes, Some(host)), changes))
    }));
    candidates.sort_by(|(one, _), (other, _)| one.order(other));
    let mut smallest: Option<(Size, Suggestion)> = None;
    let mut eased: Vec<Vec<Change>> = Vec::new();
    for (size, changes) in candidates {
        let eases = request.count() > 1 && changes.iter().any(is_less_of_a_class);
        let form = changes.iter().map(without_amount).collect();
        // Trying takes no change away; what is lowered may turn out to be less than it seemed.
        let surpassed = smallest.as_ref().is_some_and(|(least, _)| match eases {
            true => least.changes < size.changes || eased.contains(&form),
            false => least.order(&size).is_le(),
        });
        if surpassed {
            continue;
        }
        let name = size.host.and_then(|host| fleet.name(host)).cloned();
        let Some(mut suggestion) = search.tried(changes, name) else {
            continue;
        };
        if eases && suggestion.changes.len() == form.len() {
            suggestion = search.eased(suggestion);
            eased.push(form);
        }
        let size = Size::of(&suggestion.changes, size.host);
        if smallest
            .as_ref()
            .is_none_or(|(least, _)| size.order(least).is_lt())
        {
            smallest = Some((size, suggestion));
        }
    }
    smallest.map(|(_, suggestion)| suggestion)
}

fn is_less_of_a_class(change: &Change) -> bool {
    matches!(change, Change::LowerResource { .. })
}

/// The change for any amount.
fn without_amount(change: &Change) -> Change {
    match change {
        Change::LowerResource { class, from, .. } => Change::LowerResource {
            class: class.clone(),
            from: *from,
            to: 0,
        },
        other => other.clone(),
    }
}

/// How large several changes are together: first by how many they are.
struct Size {
    changes: usize,
    sum: f64,
    /// The host that they are for; none goes before the first.
    host: Option<HostIndex>,
}

impl Size {
    fn of(changes: &[Change], host: Option<HostIndex>) -> Self {
        Self {
            changes: changes.len(),
            sum: size(changes),
            host,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        self.changes
            .cmp(&other.changes)
            .then(self.sum.total_cmp(&other.sum))
            .then(self.host.cmp(&other.host))
    }
}

/// The first [`NEAREST`] by what they cost, then by place, in no particular order.
fn first_few(
    mut hosts: Vec<HostIndex>,
    cost_of: impl Fn(HostIndex) -> (u32, f64),
) -> Vec<HostIndex> {
    if hosts.len() > NEAREST {
        hosts.select_nth_unstable_by(NEAREST, |one, other| {
            let ((count, sum), (other_count, other_sum)) = (cost_of(*one), cost_of(*other));
            let counts = count.cmp(&other_count);
            counts.then(sum.total_cmp(&other_sum)).then(one.cmp(other))
        });
        hosts.truncate(NEAREST);
    }
    hosts
}

fn size(changes: &[Change]) -> f64 {
    changes.iter().map(Change::magnitude).sum()
}

struct Search<'a> {
    scheduler: &'a Scheduler,
    fleet: &'a Fleet,
    request: &'a PlacementRequest,
    options: &'a PlanOptions,
    /// For how many servers there is a host as things are.
    fits: u32,
}

impl Search<'_> {
    /// The hosts that are refused and look nearest to fitting, in no particular order.
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
        let cost_of = |host: HostIndex| cost.get(host.get()).copied().unwrap_or_default();
        // On a host that nothing refuses there is nothing to change.
        let hosts: Vec<HostIndex> = everyone
            .iter()
            .filter(|host| cost_of(*host).0 > 0 && cost_of(*host).1.is_finite())
            .collect();
        let mut nearest = first_few(hosts.clone(), cost_of);
        let missing = self.request.least().saturating_sub(self.fits);
        if missing > 1 {
            let roomy = first_few(hosts, |host| {
                let (count, sum) = cost_of(host);
                let narrow = u32::from(!self.has_room(host, missing));
                (count.saturating_add(narrow), sum)
            });
            nearest.extend(roomy);
            nearest.sort_unstable();
            nearest.dedup();
        }
        nearest
    }

    /// Whether so many servers would find their resources on a host if it were not refused.
    fn has_room(&self, host: HostIndex, servers: u32) -> bool {
        let host = self.fleet.host(host);
        self.request.resources().iter().all(|(class, wanted)| {
            let amounts = host.amounts(class);
            amounts.fits(wanted) && wanted.saturating_mul(u64::from(servers)) <= amounts.free()
        })
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

    /// The same changes, each class lowered no more than it takes: one host has so much left for
    /// one server, but several hosts take several, and then each can have more.
    fn eased(&self, suggestion: Suggestion) -> Suggestion {
        let options = self.options.clone().with_detail(Detail::Off);
        let mut least = suggestion;
        for place in 0..least.changes.len() {
            let with = |to: u64| {
                let mut other = least.clone();
                if let Some(Change::LowerResource { to: amount, .. }) = other.changes.get_mut(place)
                {
                    *amount = to;
                }
                let (request, fleet) = other.apply(self.request, self.fleet);
                let plan = self.scheduler.plan_with(&fleet, &request, &options);
                let hosts = plan.placements().iter().map(|placement| &placement.host);
                if !hosts.clone().any(|host| Some(host) == other.host.as_ref()) {
                    other.host = hosts.clone().next().cloned();
                }
                plan.is_placed().then_some(other)
            };
            let Some(Change::LowerResource { from, to, .. }) = least.changes.get(place) else {
                continue;
            };
            // With `low` it fits, with `high` it does not.
            let (mut low, mut high) = (*to, *from);
            let mut found = None;
            while high.saturating_sub(low) > 1 {
                let middle = low.midpoint(high);
                match with(middle) {
                    Some(other) => {
                        found = Some(other);
                        low = middle;
                    }
                    None => high = middle,
                }
            }
            least = found.unwrap_or(least);
        }
        least
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
