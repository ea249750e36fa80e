//! The NUMA cells and PCI devices that a server of several takes.

use crate::filters::{Fit, options};
use crate::fleet::{HardwareClaim, HostView};
use crate::numa::{NumaRequest, NumaTopology};
use crate::pci::{PciScope, ProviderMapping};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;

impl Scheduler {
    /// The NUMA cells and PCI devices that one server of a request takes on a host that a plan
    /// chose for it. A plan names hosts; whoever commits it places each server with its hardware,
    /// or others will be given the same cells and devices.
    ///
    /// Ask with the host as it is when the server comes: of several servers of one plan, place
    /// each one before asking for the next. That gives the cells that the plan reckoned with (but
    /// for [`numa_page_size_leak`](crate::registry::Compatibility::numa_page_size_leak),
    /// where later servers of one plan ask for what the first one got).
    ///
    /// There are no cells and no devices for a request that asks for none, and none where they do
    /// not fit, as may be on hosts that a request forces, or where this scheduler has no
    /// `NUMATopologyFilter` or `PciPassthroughFilter` that would have refused the host. As in Nova,
    /// a server whose cells do not fit is given devices of any cell.
    ///
    /// ```
    /// use nova_sched::filters::PciPassthroughFilter;
    /// use nova_sched::pci::{PciPool, PciPools, PciRequest, PciSpec};
    /// use nova_sched::{PlacedServer, Scheduler, testing};
    ///
    /// let gpus = || PciPools::new([PciPool::new("10de", "2330", 1)]);
    /// let mut fleet = testing::fleet_of(
    ///     ["node-1", "node-2"].map(|name| testing::host(name).with(|host| host.with_pci_pools(gpus()))),
    /// );
    /// let scheduler = Scheduler::builder().with_defaults().filter(PciPassthroughFilter).build();
    /// let gpu = PciRequest::new(1, [PciSpec::of("10de", "2330")]);
    /// let request = testing::request().count(2).with(|request| request.with_pci([gpu])).build();
    ///
    /// let plan = scheduler.plan(&fleet, &request);
    /// for (number, placement) in (1..).zip(plan.placements()) {
    ///     let host = fleet.find(&placement.host).ok_or("a plan names hosts of its fleet")?;
    ///     let hardware = scheduler.hardware_for(&request, &host);
    ///     assert!(hardware.pci.is_some());
    ///     let server = PlacedServer::new(testing::server_id(number), request.shape());
    ///     fleet.place(&placement.host, server.with_hardware(hardware))?;
    /// }
    /// assert_eq!(plan.placements().len(), 2);
    /// assert!(!scheduler.plan(&fleet, &request.with_count(1)).is_placed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hardware_for(&self, request: &PlacementRequest, host: &HostView<'_>) -> HardwareClaim {
        if request.numa().is_none() && request.pci().is_empty() {
            return HardwareClaim::default();
        }
        let none = ProviderMapping::new();
        let mapping = mapping(self, request, host).unwrap_or(&none);
        let mut filters = self.filters_for(request);
        let filtered = filters.any(|filter| filter.name() == "NUMATopologyFilter");
        let settings = self.numa_settings();
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
