//! What the host has.

use std::path::Path;

use nova_core::model::HypervisorInfo;
use nova_core::units::{Gibibytes, Mebibytes};

use super::blocking;
use super::config::DomainType;
use super::error::LibvirtError;
use super::host::Host;
use crate::inventory::HostInventory;

/// The architecture of the guests.
const ARCHITECTURE: &str = "x86_64";

/// What guests of this driver can have, by the names of `os-traits`.
const TRAITS: [&str; 5] = [
    "COMPUTE_ARCH_X86_64",
    "COMPUTE_IMAGE_TYPE_QCOW2",
    "COMPUTE_IMAGE_TYPE_RAW",
    "COMPUTE_NET_VIF_MODEL_VIRTIO",
    "COMPUTE_STORAGE_BUS_VIRTIO",
];

/// Asks libvirt, and the file system that the guests' disks are on.
pub(super) async fn inventory(host: &Host) -> Result<HostInventory, LibvirtError> {
    let deadline = host.config.command_deadline;
    let (node, version) = host
        .link
        .call("take stock of the host", deadline, |connect| {
            Ok((connect.node_info()?, connect.hyp_version()?))
        })
        .await?;
    let directory = host.place.path().to_path_buf();
    let disk = blocking::run(move || disk_space(&directory)).await??;
    let capabilities = [
        ("hypervisor_type", "QEMU".to_owned()),
        ("hypervisor_version", version.to_string()),
        ("cpu_arch", ARCHITECTURE.to_owned()),
        ("accelerator", accelerator(host).to_owned()),
    ];
    let capabilities = capabilities
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Ok(HostInventory {
        hypervisor: HypervisorInfo {
            kind: "QEMU".to_owned(),
            version: u64::from(version),
            architecture: ARCHITECTURE.to_owned(),
        },
        vcpus: node.cpus,
        // libvirt counts in KiB.
        memory: Mebibytes::new(node.memory / 1024),
        disk,
        capabilities: capabilities.collect(),
        traits: TRAITS.map(str::to_owned).into(),
    })
}

/// By the same names as the QEMU driver: the host can do the same.
fn accelerator(host: &Host) -> &'static str {
    match host.config.domain_type {
        DomainType::Kvm => "kvm",
        DomainType::Qemu => "tcg",
    }
}

/// Whole gibibytes only: half a one cannot be given to anybody.
fn disk_space(directory: &Path) -> Result<Gibibytes, LibvirtError> {
    let found = rustix::fs::statvfs(directory).map_err(|error| LibvirtError::Io {
        what: "ask for the disk space",
        source: error.into(),
    })?;
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
        assert!(disk_space(Path::new("/nowhere")).is_err());
    }
}
