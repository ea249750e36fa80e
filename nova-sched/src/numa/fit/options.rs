//! What a fit takes into account besides cells.

use serde::{Deserialize, Serialize};

use crate::numa::NetworkMetadata;
use crate::pci::{PciPools, PciRequest, ProviderMapping};

/// How often a host lends out its shared CPUs and its memory (Nova's `NUMATopologyLimits`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NumaLimits {
    /// How many CPUs may be in use for each shared CPU.
    pub cpu_allocation_ratio: f64,
    /// How much memory may be in use for each MiB.
    pub ram_allocation_ratio: f64,
}

impl NumaLimits {
    /// These ratios.
    pub fn new(cpu_allocation_ratio: f64, ram_allocation_ratio: f64) -> Self {
        Self {
            cpu_allocation_ratio,
            ram_allocation_ratio,
        }
    }
}

/// Which cells of a host are tried first, if it has more than a server asks for (Nova's
/// `packing_host_numa_cells_allocation_strategy`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellOrder {
    /// Those of which less is used: Nova's default.
    #[default]
    Spread,
    /// Those of which more is used.
    Pack,
}

/// How a scheduler looks for cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct NumaSettings {
    /// Which cells are tried first.
    pub order: CellOrder,
    /// Whether Nova's search is used, with its defect: [`LeakingSearch`](super::LeakingSearch).
    pub leaking: bool,
}

impl NumaSettings {
    /// In this order, with Nova's defect or without.
    pub fn new(order: CellOrder, leaking: bool) -> Self {
        Self { order, leaking }
    }
}

/// The PCI devices that go with a server's cells.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PciFit<'a> {
    /// What the host has left.
    pub pools: &'a PciPools,
    /// What the server asks for.
    pub requests: &'a [PciRequest],
    /// The providers that Placement chose, by group of the request.
    pub mapping: Option<&'a ProviderMapping>,
}

impl<'a> PciFit<'a> {
    /// Requests for devices of these pools.
    pub fn new(pools: &'a PciPools, requests: &'a [PciRequest]) -> Self {
        Self {
            pools,
            requests,
            mapping: None,
        }
    }

    /// The same with the providers that Placement chose.
    #[must_use]
    pub fn with_mapping(mut self, mapping: &'a ProviderMapping) -> Self {
        self.mapping = Some(mapping);
        self
    }
}

/// What [`NumaTopology::fit`](crate::numa::NumaTopology::fit) takes into account besides cells.
/// The default is nothing of it, and less used cells first.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct FitOptions<'a> {
    /// How often CPUs and memory are lent out; without it they are not counted, as long as one
    /// server fits on its own.
    pub limits: Option<NumaLimits>,
    /// The networks that the server is to be connected to.
    pub network: Option<&'a NetworkMetadata>,
    /// The PCI devices that go with it.
    pub pci: Option<PciFit<'a>>,
    /// Which cells are tried first.
    pub order: CellOrder,
}

impl<'a> FitOptions<'a> {
    /// The same within limits.
    #[must_use]
    pub fn with_limits(mut self, limits: NumaLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// The same for a server that is connected to networks.
    #[must_use]
    pub fn with_network(mut self, network: &'a NetworkMetadata) -> Self {
        self.network = Some(network);
        self
    }

    /// The same for a server with PCI devices, or on a host with such.
    #[must_use]
    pub fn with_pci(mut self, pci: PciFit<'a>) -> Self {
        self.pci = Some(pci);
        self
    }

    /// The same in another order.
    #[must_use]
    pub fn with_order(mut self, order: CellOrder) -> Self {
        self.order = order;
        self
    }
}
