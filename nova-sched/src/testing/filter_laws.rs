//! The laws of filters.

use std::collections::BTreeMap;

use nova_core::id::HostName;

use super::broken::{Broken, Found, Law};
use super::cases::{Arranged, CLAIMED, Cases, after_claim, is_node_of, with_cases};
use crate::candidates::Candidates;
use crate::filters::Filter;
use crate::fleet::{Fleet, HostIndex, HostView};
use crate::random::SplitMix64;
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Checks that a filter keeps the laws, on fleets and requests of every kind: zones, aggregates,
/// groups, hints, images, traits, hosts that are full, down or report next to nothing.
///
/// # Errors
/// The first law that it [breaks](Broken), with a small case on which it does.
pub fn check_filter(filter: &dyn Filter) -> Result<(), Broken> {
    FilterLaws::new().check(filter)
}

/// Which cases the laws of filters are checked with. They are made once for all filters that are
/// checked with them.
///
/// ```
/// use nova_sched::filters::RamFilter;
/// use nova_sched::testing::{self, FilterLaws};
///
/// let full = testing::host("full").memory_mib(0);
/// FilterLaws::new()
///     .fleet(testing::fleet_of([full, testing::host("empty")]))
///     .request(testing::request().memory_mib(4096).build())
///     .check(&RamFilter)?;
/// # Ok::<(), testing::Broken>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct FilterLaws {
    cases: Cases,
}

with_cases!(FilterLaws);

impl FilterLaws {
    /// Checks a filter.
    ///
    /// # Errors
    /// The first law that it [breaks](Broken), with a small case on which it does.
    pub fn check(&self, filter: &dyn Filter) -> Result<(), Broken> {
        self.cases.check(filter.name(), |hosts, request| {
            breach(filter, hosts, request)
        })
    }
}

/// The first law that a filter breaks on one case.
fn breach(filter: &dyn Filter, hosts: &Arranged, request: &PlacementRequest) -> Option<Found> {
    let fleet = &hosts.fleet;
    pure(filter, fleet, request)
        .or_else(|| reasons(filter, fleet, request))
        .or_else(|| batch(filter, fleet, request))
        .or_else(|| host_order(filter, hosts, request))
        .or_else(|| run_once(filter, fleet, request))
        .or_else(|| local(filter, fleet, request))
}

fn at(law: Law, host: &HostView<'_>, problem: String) -> Found {
    Found {
        law,
        host: Some(host.name().clone()),
        problem,
    }
}

fn pure(filter: &dyn Filter, fleet: &Fleet, request: &PlacementRequest) -> Option<Found> {
    let nature = || {
        (
            filter.name().to_owned(),
            filter.stage(),
            filter.run_once_per_request(),
            filter.run_on_rebuild(),
        )
    };
    let (first, second) = (nature(), nature());
    if first != second || first.0.trim().is_empty() {
        let problem = match first.0.trim().is_empty() {
            true => "it has no name".to_owned(),
            false => format!("of itself it says {first:?}, then {second:?}"),
        };
        return Some(Found {
            law: Law::Pure,
            host: None,
            problem,
        });
    }
    let first: Vec<Verdict> = verdicts(filter, fleet, request).collect();
    for (host, first) in fleet.hosts().zip(first) {
        let second = filter.check(request, &host);
        if first != second {
            let problem = format!("it says {}, then {}", told(&first), told(&second));
            return Some(at(Law::Pure, &host, problem));
        }
    }
    None
}

fn reasons(filter: &dyn Filter, fleet: &Fleet, request: &PlacementRequest) -> Option<Found> {
    fleet.hosts().find_map(|host| {
        let Verdict::Reject(reason) = filter.check(request, &host) else {
            return None;
        };
        if reason.to_string().trim().is_empty() {
            return Some(at(Law::Reasons, &host, "its reason has no text".to_owned()));
        }
        match reason {
            Reason::Malformed { key, .. } if key.trim().is_empty() => {
                let problem = "what is malformed has no key".to_owned();
                Some(at(Law::Reasons, &host, problem))
            }
            _ => None,
        }
    })
}

/// A sweep leaves of any candidates those that pass, and no others.
fn batch(filter: &dyn Filter, fleet: &Fleet, request: &PlacementRequest) -> Option<Found> {
    let passes: Vec<bool> = verdicts(filter, fleet, request)
        .map(|verdict| verdict.is_pass())
        .collect();
    let passes = |host: HostIndex| passes.get(host.get()).copied().unwrap_or(false);
    for start in starts(fleet.len()) {
        let mut expected = start.clone();
        expected.retain(passes);
        let mut swept = start.clone();
        filter.sweep(request, fleet, &mut swept);
        for host in fleet.hosts() {
            let (is, should) = (
                swept.contains(host.index()),
                expected.contains(host.index()),
            );
            if is != should {
                let what = match (is, start.contains(host.index())) {
                    (true, true) => "sweep keeps a host that check refuses",
                    (true, false) => "sweep adds a host that was no candidate",
                    (false, _) => "sweep leaves out a host that check passes",
                };
                let problem = format!(
                    "{what} ({} of {} were candidates)",
                    start.len(),
                    fleet.len()
                );
                return Some(at(Law::Batch, &host, problem));
            }
        }
        if swept != expected {
            return Some(Found {
                law: Law::Batch,
                host: None,
                problem: format!("sweep leaves {} candidates of {}", swept.len(), fleet.len()),
            });
        }
    }
    None
}

/// What a sweep may be started with: all, none, each half, those that a lot leaves.
fn starts(hosts: usize) -> [Candidates; 5] {
    let mut random = SplitMix64::new(7);
    let chosen = |keep: &mut dyn FnMut(usize) -> bool| {
        let mut candidates = Candidates::all(hosts);
        candidates.retain(|host| keep(host.get()));
        candidates
    };
    [
        Candidates::all(hosts),
        Candidates::none(hosts),
        chosen(&mut |row| row % 2 == 0),
        chosen(&mut |row| row % 2 == 1),
        chosen(&mut |_| random.next().is_multiple_of(3)),
    ]
}

fn host_order(filter: &dyn Filter, hosts: &Arranged, request: &PlacementRequest) -> Option<Found> {
    let asked = |fleet: &Fleet| -> BTreeMap<HostName, Verdict> {
        let verdicts = verdicts(filter, fleet, request);
        let names = fleet.hosts().map(|host| host.name().clone());
        names.zip(verdicts).collect()
    };
    let expected = asked(&hosts.orders().same);
    for other in &hosts.orders().others {
        for (host, verdict) in asked(other) {
            let former = expected.get(&host);
            if former != Some(&verdict) {
                let former = former.map_or_else(String::new, told);
                let problem = format!(
                    "it says {former}, and {} where the hosts are in another order",
                    told(&verdict)
                );
                return Some(Found {
                    law: Law::HostOrder,
                    host: Some(host),
                    problem,
                });
            }
        }
    }
    None
}

/// A filter that is run for the first server only would not have changed its mind about the hosts
/// that it passed.
fn run_once(filter: &dyn Filter, fleet: &Fleet, request: &PlacementRequest) -> Option<Found> {
    if !filter.run_once_per_request() {
        return None;
    }
    let passed: Vec<HostIndex> = fleet
        .hosts()
        .filter(|host| filter.check(request, host).is_pass())
        .map(|host| host.index())
        .collect();
    for chosen in passed.iter().take(CLAIMED) {
        let (later, asked) = after_claim(fleet, request, *chosen);
        for host in &passed {
            let host = later.host(*host);
            if let Verdict::Reject(reason) = filter.check(&asked, &host) {
                let problem = format!(
                    "it is run once per request and passes the host, but after a server went to \
                     {} it would refuse it: {reason}",
                    later.host(*chosen).name()
                );
                return Some(at(Law::RunOnce, &host, problem));
            }
        }
    }
    None
}

/// What is local stands when another host takes a server of the request.
fn local(filter: &dyn Filter, fleet: &Fleet, request: &PlacementRequest) -> Option<Found> {
    if !filter.is_local(request) {
        return None;
    }
    let before: Vec<Verdict> = verdicts(filter, fleet, request).collect();
    let all = fleet.hosts().map(|host| host.index());
    for chosen in all.take(CLAIMED) {
        let (later, asked) = after_claim(fleet, request, chosen);
        for (host, before) in later.hosts().zip(&before) {
            let now = filter.check(&asked, &host);
            if !is_node_of(&host, &later.host(chosen)) && now.is_pass() != before.is_pass() {
                let problem = format!(
                    "it is said to be local and says {}, but after a server went to {} {}",
                    told(before),
                    later.host(chosen).name(),
                    told(&now)
                );
                return Some(at(Law::Local, &host, problem));
            }
        }
    }
    None
}

fn verdicts<'a>(
    filter: &'a dyn Filter,
    fleet: &'a Fleet,
    request: &'a PlacementRequest,
) -> impl Iterator<Item = Verdict> + 'a {
    fleet.hosts().map(|host| filter.check(request, &host))
}

fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass => "pass".to_owned(),
        Verdict::Reject(reason) => format!("\"{reason}\""),
    }
}
