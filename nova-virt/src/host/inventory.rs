//! What the host has, in the words of the inventory.

use std::path::Path;

use nova_core::model::{HostTrait, HypervisorInfo};
use nova_core::units::{Gibibytes, Mebibytes};

use super::HostError;
use crate::inventory::HostInventory;

/// The architecture of the guests.
const ARCHITECTURE: &str = "x86_64";

/// What guests can have, by the names of `os-traits`. QEMU runs them, whoever starts it.
const TRAITS: [&str; 5] = [
    "COMPUTE_ARCH_X86_64",
    "COMPUTE_IMAGE_TYPE_QCOW2",
    "COMPUTE_IMAGE_TYPE_RAW",
    "COMPUTE_NET_VIF_MODEL_VIRTIO",
    "COMPUTE_STORAGE_BUS_VIRTIO",
];

/// What a driver found.
#[derive(Debug)]
pub(crate) struct Found {
    /// QEMU's version as one number, as libvirt counts.
    pub(crate) version: u64,
    /// What runs the guests' processors: `kvm` or `tcg`.
    pub(crate) accelerator: &'static str,
    /// The processors.
    pub(crate) vcpus: u32,
    /// The memory.
    pub(crate) memory: Mebibytes,
    /// The file system that the guests' disks are on.
    pub(crate) disk: Gibibytes,
}

impl From<Found> for HostInventory {
    fn from(found: Found) -> Self {
        let capabilities = [
            ("hypervisor_type", "QEMU".to_owned()),
            ("hypervisor_version", found.version.to_string()),
            ("cpu_arch", ARCHITECTURE.to_owned()),
            ("accelerator", found.accelerator.to_owned()),
        ];
        Self {
            hypervisor: HypervisorInfo::new("QEMU", found.version, ARCHITECTURE),
            vcpus: found.vcpus,
            memory: found.memory,
            disk: found.disk,
            capabilities: capabilities
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            // A test holds that each is a trait.
            traits: TRAITS
                .iter()
                .filter_map(|name| HostTrait::new(*name).ok())
                .collect(),
        }
    }
}

/// The size of the file system: whole gibibytes only, half a one cannot be given to anybody.
/// Blocks, briefly.
pub(crate) fn disk_space(directory: &Path) -> Result<Gibibytes, HostError> {
    let found = rustix::fs::statvfs(directory).map_err(HostError::io("ask for the disk space"))?;
    let bytes = found.f_blocks.saturating_mul(found.f_frsize);
    Ok(Gibibytes::new(bytes >> 30))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn traits_are_in_order_and_told_once() {
        let traits: BTreeSet<_> = TRAITS.into();
        assert!(traits.into_iter().eq(TRAITS));
        assert!(TRAITS.iter().all(|name| HostTrait::new(*name).is_ok()));
    }

    #[test]
    fn a_directory_that_is_not_there_has_no_space() {
        assert!(disk_space(Path::new("/")).is_ok());
        assert!(disk_space(Path::new("/nowhere")).is_err());
    }
}
