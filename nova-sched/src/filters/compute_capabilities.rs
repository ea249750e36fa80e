//! Capabilities that extra specs ask for.

use super::Filter;
use super::attributes::{self, Lookup, Value};
use super::extra_spec_operators::Wish;
use crate::candidates::Candidates;
use crate::fleet::{Column, Fleet, HostIndex, HostView, Profile};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts whose capabilities are what the extra specs ask for, as Nova's filter of this
/// name does.
///
/// * `capabilities:a:b:…` is followed into the host: `a` is an attribute of Nova's host state
///   (`free_ram_mb`, `hypervisor_type`, `vcpus_total`, …) or else one of the host's
///   [capabilities](HostView::capabilities) or [counters](HostView::stats); JSON text is read on
///   the way down. A host that has nothing of the name is refused.
/// * A key without a scope counts if the host has something of the name.
/// * `hw:maxphysaddr_bits` stands for `capabilities:cpu_info:maxphysaddr:bits` with `>=`.
/// * Keys of other scopes are other filters' business.
///
/// Values are compared as Python's `str()` writes them (`True`, `['aes', 'avx']`), by the
/// operators of [`matches_extra_spec`](super::matches_extra_spec). What makes Nova raise is
/// [`Reason::Malformed`] here.
#[derive(Debug, Clone, Copy, Default)]
pub struct ComputeCapabilitiesFilter;

const SCOPE: &str = "capabilities:";
const MAX_ADDRESS_BITS: &str = "hw:maxphysaddr_bits";
const MAX_ADDRESS_BITS_SCOPE: [&str; 3] = ["cpu_info", "maxphysaddr", "bits"];

impl Filter for ComputeCapabilitiesFilter {
    fn name(&self) -> &str {
        "ComputeCapabilitiesFilter"
    }

    fn ignores_servers(&self, request: &PlacementRequest) -> bool {
        let of_row = |spec: &Spec<'_>| {
            let name = spec.scope.first();
            name.is_some_and(|name| attributes::is_of_row(name))
        };
        with_specs(request, |specs| !specs.iter().any(of_row))
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        with_specs(request, |specs| {
            let mut refusals = specs.iter().filter_map(|spec| spec.refusal(host));
            refusals.next().map_or(Verdict::Pass, Verdict::Reject)
        })
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn told_apart_by<'a>(
        &self,
        request: &PlacementRequest,
        fleet: &'a Fleet,
    ) -> Option<&'a Column<u32>> {
        with_specs(request, |specs| {
            let (profiles, numbers) = fleet.profiles();
            let of_profile = |spec: &Spec<'_>| profiles.iter().all(|profile| spec.is_of(profile));
            specs.iter().all(of_profile).then_some(numbers)
        })
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        with_specs(request, |specs| {
            for spec in specs {
                spec.sweep(fleet, candidates);
            }
        });
    }
}

/// An extra spec that concerns the filter.
struct Spec<'a> {
    key: &'a str,
    scope: Vec<&'a str>,
    /// Whether it concerns only the hosts that have something of the name.
    optional: bool,
    wish: Wish<'a>,
}

/// Takes the extra specs apart that concern the filter.
fn with_specs<T>(request: &PlacementRequest, then: impl FnOnce(&[Spec<'_>]) -> T) -> T {
    let specs = request.extra_specs();
    let bits = specs.get(MAX_ADDRESS_BITS);
    let at_least = bits.map(|bits| format!(">= {bits}"));
    let mut known: Vec<Spec<'_>> = specs
        .iter()
        .filter_map(|(key, wanted)| {
            let scope: Vec<&str> = match key.strip_prefix(SCOPE) {
                Some(scope) => scope.split(':').collect(),
                None if key.contains(':') => return None,
                None => vec![key],
            };
            let wish = Wish::new(wanted);
            let optional = !key.contains(':');
            Some(Spec {
                key,
                scope,
                optional,
                wish,
            })
        })
        .collect();
    if let Some(wanted) = &at_least {
        // It takes the place of the spec that it stands for.
        known.retain(|spec| spec.scope != MAX_ADDRESS_BITS_SCOPE || spec.optional);
        known.push(Spec {
            key: MAX_ADDRESS_BITS,
            scope: MAX_ADDRESS_BITS_SCOPE.to_vec(),
            optional: false,
            wish: Wish::new(wanted),
        });
    }
    then(&known)
}

/// What a profile says for all of its hosts.
#[derive(Clone, Copy)]
enum Answer {
    Pass,
    Refuse,
    /// It has nothing of the name: the counters of each host decide.
    AskHost,
}

impl Spec<'_> {
    fn refusal(&self, host: &HostView<'_>) -> Option<Reason> {
        let first = self.scope.first()?;
        if self.optional && !attributes::has(host, first) {
            return None;
        }
        let Some(actual) = attributes::look_up(host, &self.scope) else {
            return Some(self.mismatch(None));
        };
        let actual = actual.to_string();
        match self.wish.holds(&actual) {
            Ok(true) => None,
            Ok(false) => Some(self.mismatch(Some(actual))),
            Err(error) => Some(Reason::Malformed {
                key: self.key.to_owned(),
                wanted: self.wish.text().to_owned(),
                problem: error.to_string(),
            }),
        }
    }

    fn mismatch(&self, actual: Option<String>) -> Reason {
        Reason::CapabilityMismatch {
            key: self.key.to_owned(),
            wanted: self.wish.text().to_owned(),
            actual,
        }
    }

    fn sweep(&self, fleet: &Fleet, candidates: &mut Candidates) {
        let Some(first) = self.scope.first() else {
            return;
        };
        if attributes::is_of_row(first) {
            candidates.retain(|host| self.holds_for_row(first, &fleet.host(host)));
            return;
        }
        let (profiles, numbers) = fleet.profiles();
        let answers: Vec<Answer> = profiles
            .iter()
            .map(|profile| self.answer(profile))
            .collect();
        let answer = |number: u32| {
            let place = usize::try_from(number).ok();
            place.and_then(|place| answers.get(place)).copied()
        };
        candidates.retain_by(numbers, |number| {
            matches!(answer(*number), Some(Answer::Pass | Answer::AskHost))
        });
        let asks = |answer: &Answer| matches!(answer, Answer::AskHost);
        if answers.iter().any(asks) {
            candidates.retain(|host| {
                let number = numbers.get(host.get()).copied();
                !number.and_then(answer).as_ref().is_some_and(asks)
                    || self.holds_for_counters(first, fleet, host)
            });
        }
    }

    /// Whether a host is what is wanted whose profile has nothing of the name.
    fn holds_for_counters(&self, first: &str, fleet: &Fleet, host: HostIndex) -> bool {
        let stats = fleet.stats().get(host.get()).and_then(Option::as_deref);
        match stats.and_then(|stats| stats.get(first)) {
            Some(text) => self.holds(attributes::counter(text, &self.scope)),
            None => self.optional && !attributes::is_name(first),
        }
    }

    /// Whether a profile decides for all of its hosts.
    fn is_of(&self, profile: &Profile) -> bool {
        let of_row = self
            .scope
            .first()
            .is_none_or(|first| attributes::is_of_row(first));
        !of_row && attributes::profile_value(profile, &self.scope).is_some()
    }

    fn answer(&self, profile: &Profile) -> Answer {
        let found = attributes::profile_value(profile, &self.scope);
        match found.map(|value| self.holds(value)) {
            Some(true) => Answer::Pass,
            Some(false) => Answer::Refuse,
            None => Answer::AskHost,
        }
    }

    fn holds_for_row(&self, first: &str, host: &HostView<'_>) -> bool {
        match (self.scope.len(), attributes::of_row(host, first)) {
            (1, Some(Lookup::Integer(number))) => self.wish.holds_for(number) == Ok(true),
            _ => self.holds(attributes::look_up(host, &self.scope)),
        }
    }

    fn holds(&self, value: Option<Value>) -> bool {
        value.is_some_and(|value| match value {
            Value::Text(text) => self.wish.holds(&text) == Ok(true),
            other => self.wish.holds(&other.to_string()) == Ok(true),
        })
    }
}
