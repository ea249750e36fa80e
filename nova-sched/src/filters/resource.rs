//! Enough of every other class of resource.

use nova_core::model::ResourceClass;

use super::capacity;
use super::{Filter, Stage};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::{PlacementRequest, named_groups};
use crate::verdict::{Reason, Verdict};

const GROUP_POLICY: &str = "group_policy";

/// Enough of every class that a request wants and no other filter is for: custom classes, `VGPU`,
/// `PCPU` and the rest.
///
/// Without it a wish for such a class would be passed over in silence. The rule is that of
/// [`CoreFilter`](super::CoreFilter).
///
/// It also answers for groups of resources (`resources1:CLASS`): their amounts are added up, since
/// a host is one provider. Where two or more are to come from different providers (`group_policy`
/// is `isolate`), no host will do; where the policy is not said, every host is refused as
/// [`Reason::Malformed`]. (Placement refuses the whole request.)
#[derive(Debug, Clone, Copy, Default)]
pub struct ResourceFilter;

impl Filter for ResourceFilter {
    fn name(&self) -> &str {
        "ResourceFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        if let Some(reason) = group_refusal(request) {
            return Verdict::Reject(reason);
        }
        wanted(request)
            .map(|(class, wanted)| capacity::check(class, wanted, &host.amounts(class)))
            .find(|verdict| !verdict.is_pass())
            .unwrap_or(Verdict::Pass)
    }

    fn is_local(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn stage(&self) -> Stage {
        Stage::Placement
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        if group_refusal(request).is_some() {
            candidates.clear();
            return;
        }
        for (class, wanted) in wanted(request) {
            capacity::sweep(class, wanted, fleet, candidates);
        }
    }
}

/// What is wrong with the groups of a request, whatever the host.
fn group_refusal(request: &PlacementRequest) -> Option<Reason> {
    let specs = request.extra_specs();
    let groups = named_groups(specs);
    if groups < 2 {
        return None;
    }
    match specs.get(GROUP_POLICY).map(String::as_str) {
        Some("none") => None,
        Some("isolate") => Some(Reason::OneProvider {
            groups: u64::try_from(groups).unwrap_or(u64::MAX),
        }),
        other => Some(Reason::Malformed {
            key: GROUP_POLICY.to_owned(),
            wanted: other.unwrap_or_default().to_owned(),
            problem: "several groups need `none` or `isolate`".to_owned(),
        }),
    }
}

fn wanted(request: &PlacementRequest) -> impl Iterator<Item = (&ResourceClass, u64)> {
    request.resources().iter().filter(|(class, _)| {
        !matches!(
            class,
            ResourceClass::Vcpu | ResourceClass::MemoryMb | ResourceClass::DiskGb
        )
    })
}
