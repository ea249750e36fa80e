//! NUMA cells and PCI devices of hosts, and what servers hold of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::snapshot::Columns;
use super::{Column, HostView, Measure};
use crate::candidates::Candidates;
use crate::numa::{NumaError, NumaPlacement, NumaTopology};
use crate::pci::{PciAssignment, PciClaimError, PciPools};

/// What a server holds of its host's NUMA cells and PCI devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HardwareClaim {
    /// The cells that it is on.
    pub numa: Option<NumaPlacement>,
    /// The devices that it has.
    pub pci: Option<PciAssignment>,
}

impl HardwareClaim {
    /// These cells and these devices.
    pub fn new(numa: Option<NumaPlacement>, pci: Option<PciAssignment>) -> Self {
        Self { numa, pci }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.numa.is_none() && self.pci.is_none()
    }
}

/// Why a host's cells or devices cannot be a server's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HardwareError {
    /// The host has not the cells or CPUs, or another server holds them.
    #[error(transparent)]
    Numa(#[from] NumaError),
    /// The host has not the devices, or another server holds them.
    #[error(transparent)]
    Pci(#[from] PciClaimError),
}

/// The columns.
#[derive(Clone, Default)]
pub(super) struct Hardware {
    numa: Column<Option<Arc<NumaTopology>>>,
    pci: Column<Option<Arc<PciPools>>>,
    /// Some of the topologies that were reported, so that hosts that report the same share it.
    models: Arc<Vec<Arc<NumaTopology>>>,
}

/// How many models of hosts are remembered.
const MODELS: usize = 32;

impl Hardware {
    pub(super) fn push(&mut self) {
        self.numa.push(None);
        self.pci.push(None);
    }

    pub(super) fn remove(&mut self, gone: &Candidates) {
        self.numa.remove(gone);
        self.pci.remove(gone);
    }

    fn topology(&self, row: usize) -> Option<&Arc<NumaTopology>> {
        self.numa.get(row)?.as_ref()
    }

    fn pools(&self, row: usize) -> Option<&Arc<PciPools>> {
        self.pci.get(row)?.as_ref()
    }

    /// The topology as it is shared with others: the whole of it, or what servers do not change.
    fn share(&mut self, mut topology: NumaTopology) -> Arc<NumaTopology> {
        if let Some(same) = self.models.iter().find(|model| ***model == topology) {
            return same.clone();
        }
        for model in self.models.iter() {
            topology.share_with(model);
        }
        let topology = Arc::new(topology);
        if self.models.len() < MODELS {
            Arc::make_mut(&mut self.models).push(topology.clone());
        }
        topology
    }
}

impl Columns {
    pub(super) fn set_hardware(&mut self, row: usize, numa: Option<NumaTopology>, pci: PciPools) {
        let topology = numa.map(|topology| self.hardware.share(topology));
        self.hardware.numa.set(row, topology);
        self.set_pools(row, pci);
    }

    fn set_pools(&mut self, row: usize, pools: PciPools) {
        let free = pools.free();
        let known = self.hardware.pools(row).is_some() || !pools.is_empty();
        self.hardware.pci.set(row, known.then(|| Arc::new(pools)));
        let free = super::rows::unsigned(free);
        self.measures
            .get_mut(Measure::FreePciDevices)
            .set(row, free);
        self.measures
            .get_mut(Measure::PciScarcity)
            .set(row, 100.0 - free.min(99.0));
    }

    /// What is left once a server has taken what it gets.
    ///
    /// # Errors
    /// [`HardwareError`] if it is not there.
    pub(super) fn without_hardware(
        &self,
        row: usize,
        claim: &HardwareClaim,
    ) -> Result<(Option<NumaTopology>, Option<PciPools>), HardwareError> {
        let topology = match (&claim.numa, self.hardware.topology(row)) {
            (Some(placement), Some(topology)) => Some(topology.claim(placement)?),
            _ => None,
        };
        let pools = match (&claim.pci, self.hardware.pools(row)) {
            (Some(assignment), Some(pools)) => Some(pools.claim(assignment)?),
            _ => None,
        };
        Ok((topology, pools))
    }

    /// Takes what a server gets; nothing if it is not there.
    pub(super) fn claim_hardware(&mut self, row: usize, claim: &HardwareClaim) {
        let Ok((topology, pools)) = self.without_hardware(row, claim) else {
            return;
        };
        if let Some(topology) = topology {
            self.hardware.numa.set(row, Some(Arc::new(topology)));
        }
        if let Some(pools) = pools {
            self.set_pools(row, pools);
        }
    }

    /// Takes back what a server had. What the host reports to be free already stays so.
    pub(super) fn release_hardware(&mut self, row: usize, claim: &HardwareClaim) {
        let topology = self.hardware.topology(row);
        if let (Some(placement), Some(topology)) = (&claim.numa, topology)
            && let Ok(released) = topology.release(placement)
        {
            self.hardware.numa.set(row, Some(Arc::new(released)));
        }
        if let (Some(assignment), Some(pools)) = (&claim.pci, self.hardware.pools(row))
            && let Ok(pools) = pools.release(assignment)
        {
            self.set_pools(row, pools);
        }
    }
}

impl<'a> HostView<'a> {
    /// Its NUMA cells, and what of them servers hold; `None` if it says nothing of them. Hosts of
    /// which nothing differs may share one topology.
    pub fn numa_topology(&self) -> Option<&'a Arc<NumaTopology>> {
        let hardware = &self.fleet().inner.hardware;
        hardware.topology(self.index().get())
    }

    /// The PCI devices that it has left; `None` if it never had any.
    pub fn pci_pools(&self) -> Option<&'a Arc<PciPools>> {
        let hardware = &self.fleet().inner.hardware;
        hardware.pools(self.index().get())
    }
}
