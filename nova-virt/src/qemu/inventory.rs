//! What the host has.

use nova_core::units::Mebibytes;

use super::error::QemuError;
use super::host::Host;
use crate::host::inventory::{self, Found};
use crate::inventory::HostInventory;

/// Asks the host. Blocks, briefly.
pub(super) fn inventory(host: &Host) -> Result<HostInventory, QemuError> {
    let vcpus =
        std::thread::available_parallelism().map_err(QemuError::io("count the processors"))?;
    let meminfo =
        std::fs::read_to_string("/proc/meminfo").map_err(QemuError::io("ask for the memory"))?;
    let memory = total_memory(&meminfo).ok_or_else(|| QemuError::Io {
        what: "ask for the memory",
        source: std::io::ErrorKind::InvalidData.into(),
    })?;
    let found = Found {
        version: host.installation.version.number(),
        accelerator: host.config.accelerator.as_str(),
        vcpus: u32::try_from(vcpus.get()).unwrap_or(u32::MAX),
        memory,
        disk: inventory::disk_space(host.root.path())?,
    };
    Ok(found.into())
}

/// From `/proc/meminfo`, which counts in KiB.
fn total_memory(meminfo: &str) -> Option<Mebibytes> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(Mebibytes::new(kibibytes / 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_read() {
        let text = "MemTotal:        8041796 kB\nMemFree:         1 kB\n";
        assert_eq!(total_memory(text), Some(Mebibytes::new(7853)));
        assert_eq!(total_memory("MemTotal: lots"), None);
        assert_eq!(total_memory(""), None);
    }
}
