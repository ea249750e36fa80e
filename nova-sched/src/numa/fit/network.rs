//! Whether cells are near enough to networks.

use crate::numa::{Misfit, NetworkMetadata, NumaCell, NumaTopology};

/// Checks that no network that the server is to be connected to is near only to other cells of the
/// host. A network of which the host says nothing is near to all.
pub(super) fn check(
    topology: &NumaTopology,
    chosen: &[&NumaCell],
    wanted: &NetworkMetadata,
) -> Result<(), Misfit> {
    let near = |physnet: &str| {
        chosen
            .iter()
            .filter_map(|cell| cell.network_metadata())
            .any(|networks| networks.physnets.contains(physnet))
    };
    let host = || {
        topology
            .cells()
            .iter()
            .filter_map(NumaCell::network_metadata)
    };
    for physnet in &wanted.physnets {
        let elsewhere = || host().any(|networks| networks.physnets.contains(physnet));
        if !near(physnet) && elsewhere() {
            return Err(Misfit::PhysicalNetwork {
                physnet: physnet.clone(),
            });
        }
    }
    let mut tunneled = chosen.iter().filter_map(|cell| cell.network_metadata());
    if wanted.tunneled
        && !tunneled.any(|networks| networks.tunneled)
        && host().any(|networks| networks.tunneled)
    {
        return Err(Misfit::TunneledNetworks);
    }
    Ok(())
}
