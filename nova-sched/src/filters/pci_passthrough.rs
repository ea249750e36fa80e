//! PCI devices.

use super::Filter;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::pci::{PciMisfit, PciPools, PciScope, PciShortage, ProviderMapping};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Hosts that have the PCI devices which a request asks for, all of them together, and of the
/// providers of one of its [allocation candidates](PlacementRequest::with_candidates) (Nova's
/// `PciPassthroughFilter`).
///
/// How near devices are to NUMA cells is for
/// [`NUMATopologyFilter`](super::NUMATopologyFilter) to say.
///
/// ```
/// use nova_core::model::Resources;
/// use nova_sched::filters::PciPassthroughFilter;
/// use nova_sched::pci::{PciPool, PciPools, PciRequest, PciSpec};
/// use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler};
///
/// let gpus = |count| PciPools::new([PciPool::new("10de", "2330", count)]);
/// let fleet = Fleet::builder()
///     .host(HostState::new("plain".parse()?, "az1".parse()?))
///     .host(HostState::new("gpus".parse()?, "az1".parse()?).with_pci_pools(gpus(3)))
///     .build();
/// let scheduler = Scheduler::builder().filter(PciPassthroughFilter).build();
/// let request = PlacementRequest::new(Resources::new())
///     .with_pci([PciRequest::new(2, [PciSpec::of("10de", "2330")]).with_alias("gpu")]);
/// assert_eq!(scheduler.plan(&fleet, &request).placements()[0].host.as_str(), "gpus");
/// // The second server does not find two any more.
/// assert!(!scheduler.plan(&fleet, &request.with_count(2)).is_placed());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct PciPassthroughFilter;

impl PciPassthroughFilter {
    /// Why a candidate's devices do not do.
    fn misfit(
        request: &PlacementRequest,
        host: &HostView<'_>,
        mapping: &ProviderMapping,
    ) -> Option<PciMisfit> {
        let scope = PciScope::default().with_mapping(mapping);
        let supported = match host.pci_pools() {
            Some(pools) => pools.support(request.pci(), &scope),
            None => PciPools::default().support(request.pci(), &scope),
        };
        supported.err()
    }
}

impl Filter for PciPassthroughFilter {
    fn name(&self) -> &str {
        "PciPassthroughFilter"
    }

    fn is_local(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let Some(first) = request.pci().first() else {
            return Verdict::Pass;
        };
        let mut misfit = None;
        for mapping in request.candidates(host.name()) {
            match Self::misfit(request, host, mapping) {
                None => return Verdict::Pass,
                Some(other) => misfit = misfit.or(Some(other)),
            }
        }
        let none = || PciMisfit {
            request: 0,
            alias: first.alias_name.clone(),
            wanted: first.count,
            left: 0,
            shortage: PciShortage::NoCandidate,
        };
        Verdict::Reject(Reason::PciMisfit {
            misfit: misfit.unwrap_or_else(none),
        })
    }

    fn keep_candidates(
        &self,
        request: &PlacementRequest,
        host: &HostView<'_>,
        candidates: &mut Vec<usize>,
    ) {
        if request.pci().is_empty() {
            return;
        }
        let mappings = request.candidates(host.name());
        candidates.retain(|place| {
            let mapping = mappings.get(*place);
            mapping.is_some_and(|mapping| Self::misfit(request, host, mapping).is_none())
        });
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let wanted = request.pci().iter();
        let wanted: u64 = wanted.map(|request| u64::from(request.count)).sum();
        if request.pci().is_empty() {
            return;
        }
        candidates.retain(|index| {
            let host = fleet.host(index);
            let free = host.pci_pools().map_or(0, |pools| pools.free());
            free >= wanted && self.check(request, &host).is_pass()
        });
    }
}
