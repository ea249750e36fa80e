//! What the host has.

use nova_core::units::Mebibytes;

use super::config::DomainType;
use super::error::LibvirtError;
use super::host::Host;
use crate::host::blocking;
use crate::host::inventory::{self, Found};
use crate::inventory::HostInventory;

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
    let disk = blocking::run(move || inventory::disk_space(&directory)).await??;
    let found = Found {
        version: u64::from(version),
        accelerator: accelerator(host),
        vcpus: node.cpus,
        // libvirt counts in KiB.
        memory: Mebibytes::new(node.memory / 1024),
        disk,
    };
    Ok(found.into())
}

/// By the same names as the QEMU driver: the host can do the same.
fn accelerator(host: &Host) -> &'static str {
    match host.config.domain_type {
        DomainType::Kvm => "kvm",
        DomainType::Qemu => "tcg",
    }
}
