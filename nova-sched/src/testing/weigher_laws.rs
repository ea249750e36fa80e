//! The laws of weighers.

use std::collections::BTreeMap;

use nova_core::id::HostName;

use super::broken::{Broken, Found, Law};
use super::cases::{Arranged, CLAIMED, Cases, after_claim, is_node_of, with_cases};
use crate::fleet::{Fleet, HostIndex};
use crate::request::PlacementRequest;
use crate::weighers::{Multipliers, Scores, Weigher};

/// Checks that a weigher keeps the laws, on the same cases as
/// [`check_filter`](super::check_filter).
///
/// ```
/// use nova_sched::testing::{self, Law};
/// use nova_sched::{HostView, PlacementRequest, Weigher};
///
/// #[derive(Debug)]
/// struct ServersPerOperation;
///
/// impl Weigher for ServersPerOperation {
///     fn name(&self) -> &str {
///         "ServersPerOperation"
///     }
///     fn weigh(&self, _request: &PlacementRequest, host: &HostView<'_>) -> f64 {
///         host.servers() as f64 / host.count(nova_sched::Measure::IoOperations) as f64
///     }
/// }
///
/// let broken = testing::check_weigher(&ServersPerOperation).expect_err("it divides by zero");
/// assert_eq!(broken.law(), Law::Finite);
/// ```
///
/// # Errors
/// The first law that it [breaks](Broken), with a small case on which it does.
pub fn check_weigher(weigher: &dyn Weigher) -> Result<(), Broken> {
    WeigherLaws::new().check(weigher)
}

/// Which cases the laws of weighers are checked with. They are made once for all weighers that are
/// checked with them.
///
/// ```
/// use nova_sched::testing::{self, WeigherLaws};
/// use nova_sched::weighers::RAMWeigher;
///
/// WeigherLaws::new().fleet(testing::fleet(500, 42)).check(&RAMWeigher::default())?;
/// # Ok::<(), testing::Broken>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct WeigherLaws {
    cases: Cases,
}

with_cases!(WeigherLaws);

impl WeigherLaws {
    /// Checks a weigher.
    ///
    /// # Errors
    /// The first law that it [breaks](Broken), with a small case on which it does.
    pub fn check(&self, weigher: &dyn Weigher) -> Result<(), Broken> {
        self.cases.check(weigher.name(), |hosts, request| {
            breach(weigher, hosts, request)
        })
    }
}

/// The first law that a weigher breaks on one case.
fn breach(weigher: &dyn Weigher, hosts: &Arranged, request: &PlacementRequest) -> Option<Found> {
    let fleet = &hosts.fleet;
    let asked = Asked::of(weigher, fleet, request);
    asked
        .pure(weigher, request)
        .or_else(|| asked.finite(weigher, request))
        .or_else(|| asked.batch(weigher, request))
        .or_else(|| asked.scores(weigher, request))
        .or_else(|| asked.multipliers(weigher, request))
        .or_else(|| host_order(weigher, hosts, request))
        .or_else(|| asked.local(weigher, request))
}

/// What a weigher says of each host alone.
struct Asked<'a> {
    fleet: &'a Fleet,
    weights: Vec<f64>,
    multipliers: Vec<f64>,
}

impl<'a> Asked<'a> {
    fn of(weigher: &dyn Weigher, fleet: &'a Fleet, request: &PlacementRequest) -> Self {
        Self {
            fleet,
            weights: fleet
                .hosts()
                .map(|host| weigher.weigh(request, &host))
                .collect(),
            multipliers: fleet
                .hosts()
                .map(|host| weigher.multiplier(&host))
                .collect(),
        }
    }

    /// Each host with what is said of it: weight and multiplier.
    fn rows(&self) -> impl Iterator<Item = (HostIndex, f64, f64)> {
        let hosts = self.fleet.hosts().map(|host| host.index());
        let numbers = self.weights.iter().zip(&self.multipliers);
        hosts
            .zip(numbers)
            .map(|(host, (weight, multiplier))| (host, *weight, *multiplier))
    }

    fn at(&self, law: Law, host: HostIndex, problem: String) -> Found {
        Found {
            law,
            host: self.fleet.name(host).cloned(),
            problem,
        }
    }

    fn pure(&self, weigher: &dyn Weigher, request: &PlacementRequest) -> Option<Found> {
        let of_itself = |problem: String| Found {
            law: Law::Pure,
            host: None,
            problem,
        };
        if weigher.name().trim().is_empty() {
            return Some(of_itself("it has no name".to_owned()));
        }
        let bounds = (weigher.lower_bound(), weigher.lower_bound());
        if bounds.0.map(f64::to_bits) != bounds.1.map(f64::to_bits) {
            return Some(of_itself(format!("its lower bound is {bounds:?}")));
        }
        self.rows().find_map(|(host, weight, multiplier)| {
            let view = self.fleet.host(host);
            let again = (weigher.weigh(request, &view), weigher.multiplier(&view));
            let why = || weigher.unweighable(request, &view);
            let same = same(weight, again.0) && same(multiplier, again.1) && why() == why();
            (!same).then(|| {
                let problem = format!(
                    "it weighs {weight} × {multiplier}, then {} × {}",
                    again.0, again.1
                );
                self.at(Law::Pure, host, problem)
            })
        })
    }

    fn finite(&self, weigher: &dyn Weigher, request: &PlacementRequest) -> Option<Found> {
        if let Some(bound) = weigher.lower_bound().filter(|bound| !bound.is_finite()) {
            return Some(Found {
                law: Law::Finite,
                host: None,
                problem: format!("its lower bound is {bound}"),
            });
        }
        self.rows().find_map(|(host, weight, multiplier)| {
            let weighable = || {
                let host = self.fleet.host(host);
                weigher.unweighable(request, &host).is_none()
            };
            let infinite = !multiplier.is_finite() || (!weight.is_finite() && weighable());
            infinite.then(|| {
                let problem = format!("it weighs {weight} × {multiplier}");
                self.at(Law::Finite, host, problem)
            })
        })
    }

    /// A sweep pushes the weights of any hosts, in their order.
    fn batch(&self, weigher: &dyn Weigher, request: &PlacementRequest) -> Option<Found> {
        const BEFORE: f64 = 0.125;
        let all: Vec<HostIndex> = self.fleet.hosts().map(|host| host.index()).collect();
        let backwards = all.iter().rev().copied().collect();
        let some = all.iter().skip(1).step_by(3).copied().collect();
        for hosts in [Vec::new(), all, backwards, some] {
            // What is in the buffer already has to stay.
            let mut swept = vec![BEFORE];
            weigher.sweep(request, self.fleet, &hosts, &mut swept);
            if swept.len() != hosts.len() + 1 || !same(swept[0], BEFORE) {
                let problem = format!(
                    "sweep does not push one weight for each of {} hosts: {} are there after one",
                    hosts.len(),
                    swept.len()
                );
                return Some(Found {
                    law: Law::Batch,
                    host: None,
                    problem,
                });
            }
            for (host, swept) in hosts.iter().zip(&swept[1..]) {
                let weight = self.weights[host.get()];
                if !same(weight, *swept) {
                    let problem = format!("weigh gives {weight}, sweep {swept}");
                    return Some(self.at(Law::Batch, *host, problem));
                }
            }
        }
        None
    }

    /// What is local stands when another host takes a server of the request.
    fn local(&self, weigher: &dyn Weigher, request: &PlacementRequest) -> Option<Found> {
        if !weigher.is_local(request) {
            return None;
        }
        let all = self.fleet.hosts().map(|host| host.index());
        all.take(CLAIMED).find_map(|chosen| {
            let (later, asked) = after_claim(self.fleet, request, chosen);
            let chosen = self.fleet.host(chosen);
            let mut others = self
                .rows()
                .filter(|(host, ..)| !is_node_of(&self.fleet.host(*host), &chosen));
            others.find_map(|(host, weight, multiplier)| {
                let view = later.host(host);
                let now = (weigher.weigh(&asked, &view), weigher.multiplier(&view));
                let stands = same(weight, now.0) && same(multiplier, now.1);
                (!stands).then(|| {
                    let problem = format!(
                        "it is said to be local and weighs {weight} × {multiplier}, but after a \
                         server went to {} it weighs {} × {}",
                        chosen.name(),
                        now.0,
                        now.1
                    );
                    self.at(Law::Local, host, problem)
                })
            })
        })
    }

    fn scores(&self, weigher: &dyn Weigher, request: &PlacementRequest) -> Option<Found> {
        let scores = weigher.scores(request, self.fleet);
        self.rows().find_map(|(host, weight, _)| {
            let score = match scores {
                Scores::Same(score) => Some(score),
                Scores::Column(column) => column.get(host.get()),
                Scores::Each => Some(weight),
            };
            let agrees = score.is_some_and(|score| same(score, weight));
            (!agrees).then(|| {
                let problem = match score {
                    Some(score) => format!("weigh gives {weight}, scores say {score}"),
                    None => "scores have no row for it".to_owned(),
                };
                self.at(Law::Scores, host, problem)
            })
        })
    }

    fn multipliers(&self, weigher: &dyn Weigher, request: &PlacementRequest) -> Option<Found> {
        let all = weigher.multipliers(request, self.fleet);
        self.rows().find_map(|(host, _, multiplier)| {
            let said = match &all {
                Multipliers::Same(said) => *said,
                Multipliers::Overridden {
                    configured,
                    sign,
                    overrides,
                } => overrides
                    .get(host.get())
                    .map_or(*configured, |multiplier| sign * multiplier),
                Multipliers::Each => multiplier,
            };
            (!same(said, multiplier)).then(|| {
                let problem = format!("multiplier gives {multiplier}, multipliers say {said}");
                self.at(Law::Multipliers, host, problem)
            })
        })
    }
}

fn host_order(
    weigher: &dyn Weigher,
    hosts: &Arranged,
    request: &PlacementRequest,
) -> Option<Found> {
    let asked = |fleet: &Fleet| -> BTreeMap<HostName, (f64, f64)> {
        let of = |host: crate::HostView<'_>| {
            let numbers = (weigher.weigh(request, &host), weigher.multiplier(&host));
            (host.name().clone(), numbers)
        };
        fleet.hosts().map(of).collect()
    };
    let expected = asked(&hosts.orders().same);
    for other in &hosts.orders().others {
        for (host, (weight, multiplier)) in asked(other) {
            let Some((former, times)) = expected.get(&host) else {
                continue;
            };
            if !same(*former, weight) || !same(*times, multiplier) {
                let problem = format!(
                    "it weighs {former} × {times}, and {weight} × {multiplier} where the hosts \
                     are in another order"
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

/// Whether two numbers are the same, also where both are none.
fn same(one: f64, other: f64) -> bool {
    one == other || (one.is_nan() && other.is_nan())
}
