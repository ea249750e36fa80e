//! The parts of a host that a request is particular about: NUMA cells and PCI devices.

use std::collections::BTreeMap;

use nova_core::id::HostName;
use nova_core::model::ImageProperties;
use serde::{Deserialize, Serialize};

use super::PlacementRequest;
use crate::numa::{NetworkMetadata, NumaFlavorError, NumaRequest};
use crate::pci::{PciRequest, ProviderMapping};

/// The parts of a host that a request is particular about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HardwareRequest {
    numa: Option<NumaRequest>,
    pci: Vec<PciRequest>,
    network_metadata: Option<NetworkMetadata>,
    candidates: BTreeMap<HostName, Vec<ProviderMapping>>,
}

/// What stands for Placement's answer where none was given: one candidate, of which nothing is
/// known.
static ANY: [ProviderMapping; 1] = [ProviderMapping::new()];

/// NUMA cells and PCI devices.
impl PlacementRequest {
    /// On NUMA cells of the host, as [`NumaRequest::from_flavor`] makes them of a flavor.
    #[must_use]
    pub fn with_numa(mut self, cells: NumaRequest) -> Self {
        self.hardware.numa = Some(cells);
        self
    }

    /// On the NUMA cells that the request's own extra specs and these image properties ask for,
    /// if they ask for any.
    ///
    /// ```
    /// use nova_core::model::{ImageProperties, ResourceClass, Resources};
    /// use nova_sched::PlacementRequest;
    ///
    /// let size = Resources::new().with(ResourceClass::Vcpu, 4).with(ResourceClass::MemoryMb, 4096);
    /// let request = PlacementRequest::new(size)
    ///     .with_extra_spec("hw:numa_nodes", "2")
    ///     .with_numa_of(&ImageProperties::default())?;
    /// assert_eq!(request.numa().map(|cells| cells.cells().len()), Some(2));
    /// # Ok::<(), nova_sched::numa::NumaFlavorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`NumaRequest::from_flavor`].
    pub fn with_numa_of(mut self, image: &ImageProperties) -> Result<Self, NumaFlavorError> {
        let size = self.size();
        let vcpus = u32::try_from(size.vcpus).unwrap_or(u32::MAX);
        self.hardware.numa =
            NumaRequest::from_flavor(self.extra_specs(), vcpus, size.memory, image)?;
        Ok(self)
    }

    /// With these PCI devices.
    #[must_use]
    pub fn with_pci(mut self, devices: impl IntoIterator<Item = PciRequest>) -> Self {
        self.hardware.pci = devices.into_iter().collect();
        self
    }

    /// Connected to these networks, to which its NUMA cells must be near where the host says which
    /// cells are.
    #[must_use]
    pub fn with_network_metadata(mut self, networks: NetworkMetadata) -> Self {
        self.hardware.network_metadata = Some(networks);
        self
    }

    /// On a host only from the providers of these allocation candidates, by group: Placement's
    /// answer for the host, which says of each device from which provider it comes. Without an
    /// answer for a host, its devices are taken from anywhere; with an empty one, it has none to
    /// give.
    #[must_use]
    pub fn with_candidates(
        mut self,
        host: HostName,
        candidates: impl IntoIterator<Item = ProviderMapping>,
    ) -> Self {
        let candidates = candidates.into_iter().collect();
        self.hardware.candidates.insert(host, candidates);
        self
    }

    /// The NUMA cells.
    pub fn numa(&self) -> Option<&NumaRequest> {
        self.hardware.numa.as_ref()
    }

    /// The PCI devices.
    pub fn pci(&self) -> &[PciRequest] {
        &self.hardware.pci
    }

    /// The networks.
    pub fn network_metadata(&self) -> Option<&NetworkMetadata> {
        self.hardware.network_metadata.as_ref()
    }

    /// The allocation candidates of a host.
    pub fn candidates(&self, host: &HostName) -> &[ProviderMapping] {
        self.hardware
            .candidates
            .get(host)
            .map_or(&ANY, Vec::as_slice)
    }

    /// Whether Placement's answer says anything of any host's devices.
    pub(crate) fn has_candidates(&self) -> bool {
        !self.hardware.candidates.is_empty()
    }

    /// Asks the next server for what the last one got: a defect of Nova's.
    pub(crate) fn set_numa(&mut self, cells: Option<NumaRequest>) {
        self.hardware.numa = cells;
    }
}
