//! The NUMA cells and PCI devices that a server of several takes.

use crate::filters::{Fit, options};
use crate::fleet::{HardwareClaim, HostView};
use crate::numa::{NumaRequest, NumaTopology};
use crate::pci::{PciScope, ProviderMapping};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;

/// What a server takes on the host that was chosen for it: nothing, where it does not fit, as on
/// hosts that a request forces.
pub(crate) fn claim(
    scheduler: &Scheduler,
    request: &PlacementRequest,
    host: &HostView<'_>,
) -> HardwareClaim {
    if request.numa().is_none() && request.pci().is_empty() {
        return HardwareClaim::default();
    }
    let none = ProviderMapping::new();
    let mapping = mapping(scheduler, request, host).unwrap_or(&none);
    let mut filters = scheduler.filters_for(request);
    let filtered = filters.any(|filter| filter.name() == "NUMATopologyFilter");
    let settings = scheduler.numa_settings();
    let options = options(request, host, mapping, filtered).with_order(settings.order);
    let topology = host.numa_topology().map(AsRef::as_ref);
    let numa = request.numa().zip(topology).and_then(|(cells, topology)| {
        let placement = Fit::new(settings, cells, topology).run(&options).ok()?;
        topology.claim(&placement).is_ok().then_some(placement)
    });
    let pci = host.pci_pools().filter(|_| !request.pci().is_empty());
    let pci = pci.and_then(|pools| {
        let cells = numa.as_ref().map(|placement| placement.cell_ids());
        let scope = PciScope::default().with_mapping(mapping);
        let scope = match (topology, &cells) {
            (Some(topology), Some(cells)) => scope.with_cells(topology, cells),
            _ => scope,
        };
        pools.apply(request.pci(), &scope).ok()
    });
    HardwareClaim::new(numa, pci.map(|(_, assignment)| assignment))
}

/// The first allocation candidate that all filters leave.
fn mapping<'a>(
    scheduler: &Scheduler,
    request: &'a PlacementRequest,
    host: &HostView<'_>,
) -> Option<&'a ProviderMapping> {
    let mappings = request.candidates(host.name());
    if mappings.len() <= 1 {
        return mappings.first();
    }
    let mut left: Vec<usize> = (0..mappings.len()).collect();
    for filter in scheduler.filters_for(request) {
        filter.keep_candidates(request, host, &mut left);
    }
    mappings.get(*left.first()?)
}

/// The request that Nova judges the next server by.
pub(super) fn repeated(
    request: &PlacementRequest,
    topology: Option<&NumaTopology>,
    claim: &HardwareClaim,
) -> Option<NumaRequest> {
    match (topology, &claim.numa) {
        (None, _) => request.numa().cloned(),
        (Some(_), None) => None,
        (Some(_), Some(placement)) => NumaRequest::repeating(placement).ok(),
    }
}
