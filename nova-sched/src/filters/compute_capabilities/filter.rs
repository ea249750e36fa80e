//! The filter itself: which extra specs concern it, and what it says of a host.

use super::attributes;
use super::operators::matches_extra_spec;
use crate::candidates::Candidates;
use crate::filters::Filter;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts whose capabilities are what the extra specs ask for, as Nova's filter of this
/// name does.
///
/// * `capabilities:a:b:…` is followed into the host: `a` is an attribute of Nova's host state
///   (`free_ram_mb`, `hypervisor_type`, `vcpus_total`, …) or else one of the host's
///   [capabilities](HostView::capabilities); JSON text is read on the way down. A host that has
///   nothing of the name is refused.
/// * A key without a scope counts if the host has something of the name.
/// * `hw:maxphysaddr_bits` stands for `capabilities:cpu_info:maxphysaddr:bits` with `>=`.
/// * Keys of other scopes are other filters' business.
///
/// Values are compared as Python's `str()` writes them (`True`, `['aes', 'avx']`), by the
/// operators of [`matches_extra_spec`]. What makes Nova raise is [`Reason::Malformed`] here.
#[derive(Debug, Clone, Copy, Default)]
pub struct ComputeCapabilitiesFilter;

const SCOPE: &str = "capabilities:";
const MAX_ADDRESS_BITS: &str = "hw:maxphysaddr_bits";

impl Filter for ComputeCapabilitiesFilter {
    fn name(&self) -> &str {
        "ComputeCapabilitiesFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        for (key, wanted) in request.extra_specs() {
            if let Some(reason) = refusal(host, key, wanted) {
                return Verdict::Reject(reason);
            }
        }
        Verdict::Pass
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let mut specs = request
            .extra_specs()
            .iter()
            .filter(|(key, _)| concerns(key))
            .peekable();
        if specs.peek().is_none() {
            return;
        }
        let specs: Vec<_> = specs.collect();
        candidates.retain(|host| {
            let host = fleet.host(host);
            specs
                .iter()
                .all(|(key, wanted)| refusal(&host, key, wanted).is_none())
        });
    }
}

/// Whether the filter looks at a key at all.
fn concerns(key: &str) -> bool {
    !key.contains(':') || key.starts_with(SCOPE) || key == MAX_ADDRESS_BITS
}

fn refusal(host: &HostView<'_>, key: &str, wanted: &str) -> Option<Reason> {
    let at_least: String;
    let (scope, wanted) = if key == MAX_ADDRESS_BITS {
        at_least = format!(">= {wanted}");
        (vec!["cpu_info", "maxphysaddr", "bits"], at_least.as_str())
    } else if let Some(scope) = key.strip_prefix(SCOPE) {
        (scope.split(':').collect(), wanted)
    } else if !key.contains(':') && attributes::has(host, key) {
        (vec![key], wanted)
    } else {
        return None;
    };
    let Some(actual) = attributes::look_up(host, &scope) else {
        return Some(Reason::CapabilityMismatch {
            key: key.to_owned(),
            wanted: wanted.to_owned(),
            actual: None,
        });
    };
    let actual = actual.to_string();
    match matches_extra_spec(&actual, wanted) {
        Ok(true) => None,
        Ok(false) => Some(Reason::CapabilityMismatch {
            key: key.to_owned(),
            wanted: wanted.to_owned(),
            actual: Some(actual),
        }),
        Err(error) => Some(Reason::Malformed {
            key: key.to_owned(),
            wanted: wanted.to_owned(),
            problem: error.to_string(),
        }),
    }
}
