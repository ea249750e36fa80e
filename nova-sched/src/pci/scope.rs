//! Where devices may be.

use std::collections::BTreeMap;

use super::PciRequest;
use super::tags;
use crate::numa::NumaTopology;

/// The providers that serve each group of a request, as in an allocation candidate's `mappings`.
pub type ProviderMapping = BTreeMap<String, Vec<String>>;

/// Where devices may be. The default is anywhere on the host.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct PciScope<'a> {
    /// The providers that Placement chose.
    pub mapping: Option<&'a ProviderMapping>,
    /// The numbers of the NUMA cells that the server is on, of which the requests' policies say
    /// how near devices must be.
    pub cells: &'a [u32],
    /// The NUMA cells of the host, which say what is in one socket.
    pub topology: Option<&'a NumaTopology>,
}

impl<'a> PciScope<'a> {
    /// The same for a server on some of the host's NUMA cells.
    #[must_use]
    pub fn with_cells(mut self, topology: &'a NumaTopology, cells: &'a [u32]) -> Self {
        self.cells = cells;
        self.topology = Some(topology);
        self
    }

    /// The same with the providers that Placement chose.
    #[must_use]
    pub fn with_mapping(mut self, mapping: &'a ProviderMapping) -> Self {
        self.mapping = Some(mapping);
        self
    }

    /// How many devices Placement chose of each provider; nothing if it has no say in the request.
    pub(super) fn providers(&self, request: &'a PciRequest) -> BTreeMap<&'a str, u32> {
        let mut counts = BTreeMap::new();
        if request.alias_name.is_none() {
            return counts;
        }
        match self.mapping.filter(|mapping| !mapping.is_empty()) {
            Some(mapping) => {
                let id = request.request_id.as_deref();
                let ours = |group: &str| id.is_some_and(|id| group.starts_with(id));
                let groups = mapping.iter().filter(|(group, _)| ours(group));
                for provider in groups.filter_map(|(_, providers)| providers.first()) {
                    *counts.entry(&**provider).or_default() += 1;
                }
            }
            None => {
                let spec = request.spec.first();
                for provider in spec
                    .into_iter()
                    .flat_map(|spec| tags::providers(&spec.tags))
                {
                    *counts.entry(provider).or_default() += 1;
                }
            }
        }
        counts
    }

    /// The numbers of the NUMA cells in the sockets that the server is in; none if the host does
    /// not say of each cell in which socket it is.
    pub(super) fn cells_of_sockets(&self) -> Vec<u32> {
        let cells = self.topology.map(NumaTopology::cells).unwrap_or_default();
        if cells.iter().any(|cell| cell.socket().is_none()) {
            return Vec::new();
        }
        let ours = |socket| {
            let mut own = cells.iter().filter(|cell| self.cells.contains(&cell.id()));
            own.any(|cell| cell.socket() == socket)
        };
        let near = cells.iter().filter(|cell| ours(cell.socket()));
        near.map(|cell| cell.id()).collect()
    }
}
