//! NUMA cells.

use std::collections::BTreeMap;
use std::sync::Arc;

use nova_core::model::{CpuThreadPolicy, ResourceClass};

use super::Filter;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::numa::{
    CellMisfit, EmulatorThreadsPolicy, FitOptions, LeakingSearch, Misfit, NumaLimits,
    NumaPlacement, NumaRequest, NumaSettings, NumaTopology, PciFit,
};
use crate::pci::{PciPools, ProviderMapping};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Hosts on whose NUMA cells a server's cells fit, with their CPUs, pages, PCI devices and
/// networks, for one of the request's
/// [allocation candidates](PlacementRequest::with_candidates) (Nova's `NUMATopologyFilter`).
/// Requests that ask for no cells pass.
///
/// [`PlacementRequest::with_numa_of`] makes the wish of extra specs and image properties; the
/// filter does not read them itself, but for `hw:cpu_policy` and `hw:cpu_thread_policy`: where
/// CPUs are dedicated and siblings required, the host's cores must have several threads.
///
/// ```
/// use nova_core::model::Resources;
/// use nova_sched::filters::NUMATopologyFilter;
/// use nova_sched::numa::{CpuSet, NumaCell, NumaRequest, NumaTopology};
/// use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cell = |id| {
///     NumaCell::new(id, 8192)
///         .with_pcpuset(CpuSet::below(2))
///         .with_siblings([CpuSet::below(2)])
/// };
/// let topology = NumaTopology::new([cell(0), cell(1)])?;
/// let host = HostState::new("node-1".parse()?, "az1".parse()?).with_numa_topology(topology);
/// let fleet = Fleet::builder().host(host).build();
///
/// let scheduler = Scheduler::builder().filter(NUMATopologyFilter::default()).build();
/// let pinned = NumaRequest::dedicated([(CpuSet::below(2), 1024)])?;
/// let request = PlacementRequest::new(Resources::new()).with_numa(pinned);
/// assert!(scheduler.plan(&fleet, &request.clone().with_count(2)).is_placed());
/// let plan = scheduler.plan(&fleet, &request.with_count(3));
/// assert!(plan.explain().to_string().contains("dedicated CPUs: wanted 2, free 0"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct NUMATopologyFilter {
    settings: NumaSettings,
    image_required: bool,
}

impl NUMATopologyFilter {
    /// With settings other than the default.
    pub fn new(settings: NumaSettings) -> Self {
        Self {
            settings,
            image_required: false,
        }
    }

    /// Whether a request without an image cannot be judged, as in Nova, which looks for the
    /// image's properties before anything else. No unless it is said.
    #[must_use]
    pub fn image_required(mut self, required: bool) -> Self {
        self.image_required = required;
        self
    }

    /// What holds of the host whatever the candidate: `Ok` with the cells that have to fit, if
    /// there are any.
    fn cells<'a>(
        &self,
        request: &'a PlacementRequest,
        host: &HostView<'a>,
    ) -> Result<Option<(&'a NumaRequest, &'a Arc<NumaTopology>)>, Reason> {
        if self.image_required && request.image().is_none() {
            return Err(Reason::Malformed {
                key: "image".to_owned(),
                wanted: String::new(),
                problem: "there is none".to_owned(),
            });
        }
        let topology = host.numa_topology();
        if topology.is_some_and(|topology| !topology.has_threads()) && requires_threads(request) {
            return Err(misfit(Misfit::NoThreads));
        }
        match (request.numa(), topology) {
            (None, _) => Ok(None),
            (Some(_), None) => Err(misfit(Misfit::NoTopology)),
            (Some(cells), Some(topology)) => Ok(Some((cells, topology))),
        }
    }

    /// What the host's candidates come to, one after the other.
    fn fits<'a>(
        &self,
        request: &'a PlacementRequest,
        host: &HostView<'a>,
        cells: &'a NumaRequest,
        topology: &'a NumaTopology,
    ) -> impl FnMut(&'a ProviderMapping) -> Result<NumaPlacement, Misfit> {
        let mut fit = Fit::new(self.settings, cells, topology);
        let (host, order) = (*host, self.settings.order);
        move |mapping| {
            let options = options(request, &host, mapping, true).with_order(order);
            fit.run(&options)
        }
    }
}

impl Filter for NUMATopologyFilter {
    fn name(&self) -> &str {
        "NUMATopologyFilter"
    }

    fn is_local(&self, request: &PlacementRequest) -> bool {
        // Nova's search changes the request for the servers after the first.
        !self.settings.leaking || request.numa().is_none()
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let (cells, topology) = match self.cells(request, host) {
            Ok(Some(found)) => found,
            Ok(None) => return Verdict::Pass,
            Err(reason) => return Verdict::Reject(reason),
        };
        let mut fit = self.fits(request, host, cells, topology);
        let mut first = None;
        for mapping in request.candidates(host.name()) {
            match fit(mapping) {
                Ok(_) => return Verdict::Pass,
                Err(misfit) => first = first.or(Some(misfit)),
            }
        }
        Verdict::Reject(misfit(first.unwrap_or(Misfit::NoCandidate)))
    }

    fn keep_candidates(
        &self,
        request: &PlacementRequest,
        host: &HostView<'_>,
        candidates: &mut Vec<usize>,
    ) {
        if let Ok(Some((cells, topology))) = self.cells(request, host) {
            let mappings = request.candidates(host.name());
            let mut fit = self.fits(request, host, cells, topology);
            candidates.retain(|place| {
                let mapping = mappings.get(*place);
                mapping.is_some_and(|mapping| fit(mapping).is_ok())
            });
        }
    }

    /// Hosts that share a topology, and whose devices and ratios do not differ, are asked once.
    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let idle = request.numa().is_none() && !requires_threads(request);
        if idle && !(self.image_required && request.image().is_none()) {
            return;
        }
        let mut known = BTreeMap::new();
        candidates.retain(|index| {
            let host = fleet.host(index);
            if request.has_candidates() {
                return self.check(request, &host).is_pass();
            }
            *known
                .entry(Likeness::of(&host))
                .or_insert_with(|| self.check(request, &host).is_pass())
        });
    }
}

/// What the verdict of a host hangs on: shared values by their address, ratios by their bits.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    topology: Option<*const NumaTopology>,
    pools: Option<*const PciPools>,
    ratios: (u64, u64),
}

impl Likeness {
    fn of(host: &HostView<'_>) -> Self {
        let limits = limits(host);
        Self {
            topology: host.numa_topology().map(Arc::as_ptr),
            pools: host.pci_pools().map(Arc::as_ptr),
            ratios: (
                limits.cpu_allocation_ratio.to_bits(),
                limits.ram_allocation_ratio.to_bits(),
            ),
        }
    }
}

fn misfit(misfit: Misfit) -> Reason {
    Reason::NumaMisfit { misfit }
}

/// Whether flavor or image ask for dedicated CPUs on sibling threads.
fn requires_threads(request: &PlacementRequest) -> bool {
    let any = |spec: &str, property: &str, wanted: &str| {
        let image = request.image().and_then(|image| image.property(property));
        let flavor = request.extra_specs().get(spec).map(String::as_str);
        flavor == Some(wanted) || image == Some(wanted)
    };
    any("hw:cpu_policy", "hw_cpu_policy", "dedicated")
        && any("hw:cpu_thread_policy", "hw_cpu_thread_policy", "require")
}

/// How often the host lends out its CPUs and its memory: once where it says nothing.
fn limits(host: &HostView<'_>) -> NumaLimits {
    let ratio = |class| match host.amounts(&class).ratio {
        ratio if ratio > 0.0 => ratio,
        _ => 1.0,
    };
    NumaLimits::new(ratio(ResourceClass::Vcpu), ratio(ResourceClass::MemoryMb))
}

/// What a fit on a host takes into account: as the filter does, or as Nova does where a server is
/// put on a host that no such filter has seen.
pub(crate) fn options<'a>(
    request: &'a PlacementRequest,
    host: &HostView<'a>,
    mapping: &'a ProviderMapping,
    filtered: bool,
) -> FitOptions<'a> {
    let mut options = FitOptions::default();
    if filtered {
        options.limits = Some(limits(host));
        options.network = request.network_metadata();
    }
    options.pci = host.pci_pools().map(|pools| {
        let pci = PciFit::new(pools, request.pci());
        pci.with_mapping(mapping)
    });
    if options.pci.is_none() && !request.pci().is_empty() {
        static NONE: PciPools = PciPools::none();
        options.pci = Some(PciFit::new(&NONE, request.pci()).with_mapping(mapping));
    }
    options
}

/// A search for cells by either method.
pub(crate) struct Fit<'a> {
    cells: &'a NumaRequest,
    topology: &'a NumaTopology,
    leaking: Option<LeakingSearch<'a>>,
}

impl<'a> Fit<'a> {
    pub(crate) fn new(
        settings: NumaSettings,
        cells: &'a NumaRequest,
        topology: &'a NumaTopology,
    ) -> Self {
        Self {
            cells,
            topology,
            leaking: settings.leaking.then(|| LeakingSearch::new(cells)),
        }
    }

    pub(crate) fn run(&mut self, options: &FitOptions<'_>) -> Result<NumaPlacement, Misfit> {
        match &mut self.leaking {
            Some(search) => search.fit(self.topology, options),
            None => {
                let placement = self.topology.fit(self.cells, options)?;
                self.check_claim(&placement)?;
                Ok(placement)
            }
        }
    }

    /// Emulator threads may be found a CPU in a core of which another server has a thread. One
    /// that wants whole cores cannot have it, which Nova notices only on the host.
    fn check_claim(&self, placement: &NumaPlacement) -> Result<(), Misfit> {
        let isolated = self.cells.emulator_threads_policy() == Some(EmulatorThreadsPolicy::Isolate);
        let whole = |cell: &&crate::numa::RequestCell| {
            cell.cpu_thread_policy == Some(CpuThreadPolicy::Isolate)
        };
        let Some(cell) = self.cells.cells().first().filter(whole) else {
            return Ok(());
        };
        if isolated && self.topology.claim(placement).is_err() {
            return Err(Misfit::Cell {
                cell: cell.id,
                host_cell: placement.cell_ids().first().copied().unwrap_or_default(),
                misfit: CellMisfit::EmulatorThreads,
            });
        }
        Ok(())
    }
}
