//! Keeps the fault domains of a group in racks of their own.

use std::collections::BTreeSet;

use crate::candidates::Candidates;
use crate::filters::Filter;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::Verdict;

/// Refuses hosts whose rack holds another fault domain of the server's group.
///
/// A [`Replay`](crate::replay::Replay) writes the racks that hold other
/// [fault domains](crate::replay::TraceServer::fault_domain) of the group into the extra spec
/// [`EXTRA_SPEC`](Self::EXTRA_SPEC), with commas between them; this filter obeys it. A host is in
/// the rack that its capability [`CAPABILITY`](Self::CAPABILITY) names, and in one of its own if
/// it has none. Nova has no such filter: add it to the scheduler where a trace has fault domains.
///
/// ```
/// use nova_core::model::Resources;
/// use nova_sched::replay::FaultDomainFilter;
/// use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler};
///
/// let host = |name: &str, rack: &str| {
///     Ok::<_, nova_core::Error>(
///         HostState::new(name.parse()?, "az1".parse()?)
///             .with_capability(FaultDomainFilter::CAPABILITY, rack),
///     )
/// };
/// let fleet = Fleet::builder().host(host("node-1", "r1")?).host(host("node-2", "r2")?).build();
/// let request = PlacementRequest::new(Resources::new())
///     .with_extra_spec(FaultDomainFilter::EXTRA_SPEC, "r1,r7");
/// let scheduler = Scheduler::builder().filter(FaultDomainFilter).build();
/// let plan = scheduler.plan(&fleet, &request);
/// assert_eq!(plan.placements()[0].host.as_str(), "node-2");
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct FaultDomainFilter;

impl FaultDomainFilter {
    /// The capability that names a host's rack.
    pub const CAPABILITY: &'static str = "rack";
    /// The extra spec that lists the racks to keep out of.
    pub const EXTRA_SPEC: &'static str = "replay:racks_of_other_fault_domains";

    /// The rack of a host.
    pub(super) fn rack<'a>(host: &HostView<'a>) -> &'a str {
        host.capability(Self::CAPABILITY)
            .unwrap_or_else(|| host.name().as_str())
    }

    fn others(request: &PlacementRequest) -> BTreeSet<&str> {
        let listed = request.extra_specs().get(Self::EXTRA_SPEC);
        listed.map_or_else(BTreeSet::new, |racks| racks.split(',').collect())
    }
}

impl Filter for FaultDomainFilter {
    fn name(&self) -> &str {
        "FaultDomainFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let rack = Self::rack(host);
        if Self::others(request).contains(rack) {
            Verdict::reject("its rack holds another fault domain of the group")
        } else {
            Verdict::Pass
        }
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let others = Self::others(request);
        if !others.is_empty() {
            candidates.retain(|host| !others.contains(Self::rack(&fleet.host(host))));
        }
    }
}
