//! What the host has.

use std::collections::BTreeMap;
use std::path::Path;

use nova_core::model::HypervisorInfo;
use nova_core::units::{Gibibytes, Mebibytes};

use super::detect::QemuVersion;
use super::error::QemuError;
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

/// Asks the host. Blocks, briefly.
pub(super) fn inventory(host: &Host) -> Result<HostInventory, QemuError> {
    let version = host.installation.version;
    let vcpus =
        std::thread::available_parallelism().map_err(QemuError::io("count the processors"))?;
    let meminfo =
        std::fs::read_to_string("/proc/meminfo").map_err(QemuError::io("ask for the memory"))?;
    let memory = total_memory(&meminfo).ok_or_else(|| QemuError::Io {
        what: "ask for the memory",
        source: std::io::ErrorKind::InvalidData.into(),
    })?;
    Ok(HostInventory {
        hypervisor: HypervisorInfo {
            kind: "QEMU".to_owned(),
            version: version.number(),
            architecture: ARCHITECTURE.to_owned(),
        },
        vcpus: u32::try_from(vcpus.get()).unwrap_or(u32::MAX),
        memory,
        disk: disk_space(host.root.path())?,
        capabilities: capabilities(version, host.config.accelerator.as_str()),
        traits: TRAITS.map(str::to_owned).into(),
    })
}

fn capabilities(version: QemuVersion, accelerator: &str) -> BTreeMap<String, String> {
    let pairs = [
        ("hypervisor_type", "QEMU".to_owned()),
        ("hypervisor_version", version.number().to_string()),
        ("cpu_arch", ARCHITECTURE.to_owned()),
        ("accelerator", accelerator.to_owned()),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// From `/proc/meminfo`, which counts in KiB.
fn total_memory(meminfo: &str) -> Option<Mebibytes> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(Mebibytes::new(kibibytes / 1024))
}

/// Whole gibibytes only: half a one cannot be given to anybody.
fn disk_space(root: &Path) -> Result<Gibibytes, QemuError> {
    let failed = "ask for the disk space";
    let found = rustix::fs::statvfs(root).map_err(|error| QemuError::Io {
        what: failed,
        source: error.into(),
    })?;
    Ok(Gibibytes::new(
        found.f_blocks.saturating_mul(found.f_frsize) >> 30,
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_kernels_words_are_read() {
        let text = "MemTotal:        8041796 kB\nMemFree:         1 kB\n";
        assert_eq!(total_memory(text), Some(Mebibytes::new(7853)));
        assert_eq!(total_memory("MemTotal: lots"), None);
        assert_eq!(total_memory(""), None);
        assert!(disk_space(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn traits_are_in_order_and_told_once() {
        let traits: BTreeSet<_> = TRAITS.into();
        assert!(traits.into_iter().eq(TRAITS));
    }
}
