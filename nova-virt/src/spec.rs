//! What to run.

use std::path::PathBuf;

use nova_core::model::DiskFormat;
use nova_core::units::{Bytes, Mebibytes};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::guest::GuestId;

/// A guest to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmSpec {
    /// Its id.
    pub id: GuestId,
    /// What people call it. Any text; it never names a file and is never parsed.
    pub name: String,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory.
    pub memory: Mebibytes,
    /// Disks; the guest boots from the first.
    pub disks: Vec<DiskSpec>,
    /// Network interfaces.
    pub nics: Vec<NicSpec>,
}

/// A disk that belongs to one guest and goes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpec {
    /// How large the guest sees it: a multiple of 512 bytes, and no smaller than its base.
    pub size: Bytes,
    /// What is on it at first; `None` for a blank disk. The base is read, never written.
    pub base: Option<BaseImage>,
}

/// An image as a file on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseImage {
    /// Where it is.
    pub path: PathBuf,
    /// Its format, as declared. A driver verifies it before use and never guesses.
    pub format: DiskFormat,
}

/// A network interface. For now every one is in a network of its own behind the host's, from
/// which the guest reaches nothing (`restrict=on`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NicSpec {
    /// Its hardware address.
    pub mac: [u8; 6],
}

impl VmSpec {
    /// The most virtual processors that a specification may ask for.
    pub const MAX_VCPUS: u32 = 4096;

    /// The most memory that a specification may ask for: 64 TiB.
    pub const MAX_MEMORY: Mebibytes = Mebibytes::new(1 << 26);

    /// The largest disk: 2^63 − 512 bytes, what a signed file offset reaches.
    pub const MAX_DISK: Bytes = Bytes::new((1 << 63) - 512);

    /// Checks what every driver needs: sizes that are neither zero nor out of reach, a disk to
    /// boot from, hardware addresses of single stations.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field at fault.
    pub fn validate(&self) -> Result<()> {
        if self.vcpus == 0 || self.vcpus > Self::MAX_VCPUS {
            return Err(Error::invalid(
                "vcpus",
                format!("it is not between 1 and {}", Self::MAX_VCPUS),
            ));
        }
        if self.memory.is_zero() || self.memory > Self::MAX_MEMORY {
            return Err(Error::invalid(
                "memory",
                format!("it is not between 1 MiB and {}", Self::MAX_MEMORY),
            ));
        }
        if self.name.contains('\0') {
            return Err(Error::invalid("name", "it has a NUL character in it"));
        }
        if self.disks.is_empty() {
            return Err(Error::invalid("disks", "there is none to boot from"));
        }
        for disk in &self.disks {
            let size = disk.size;
            if size.is_zero() || size > Self::MAX_DISK || !size.get().is_multiple_of(512) {
                return Err(Error::invalid(
                    "disk size",
                    "it is not a multiple of 512 bytes between 512 and 2^63 - 512",
                ));
            }
        }
        if self.nics.iter().any(|nic| nic.mac[0] & 1 == 1) {
            return Err(Error::invalid("mac", "it is a group address"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> VmSpec {
        VmSpec {
            id: GuestId::from_uuid(uuid::Uuid::nil()),
            name: "a, b=\n\"c\"".to_owned(),
            vcpus: 1,
            memory: Mebibytes::new(64),
            disks: vec![DiskSpec {
                size: Bytes::new(1 << 20),
                base: None,
            }],
            nics: vec![NicSpec {
                mac: [0x52, 0x54, 0, 0, 0, 1],
            }],
        }
    }

    #[test]
    fn sizes_out_of_reach_are_refused() {
        assert!(spec().validate().is_ok());
        let broken: [fn(&mut VmSpec); 9] = [
            |s| s.vcpus = 0,
            |s| s.vcpus = u32::MAX,
            |s| s.memory = Mebibytes::ZERO,
            |s| s.memory = Mebibytes::new(u64::MAX),
            |s| s.disks.clear(),
            |s| s.disks[0].size = Bytes::new(1000),
            |s| s.disks[0].size = Bytes::new(u64::MAX),
            |s| s.nics[0].mac[0] = 1,
            |s| s.name = "a\0b".to_owned(),
        ];
        for breaks in broken {
            let mut bad = spec();
            breaks(&mut bad);
            assert!(
                matches!(bad.validate(), Err(Error::Invalid { .. })),
                "{bad:?} passed"
            );
        }
    }
}
