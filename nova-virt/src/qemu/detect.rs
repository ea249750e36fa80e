//! Whether qemu is there, and which.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::config::{Accelerator, QemuConfig};
use super::error::QemuError;
use crate::host::program;

/// A program that only tells its version has no business taking longer.
const DEADLINE: Duration = Duration::from_secs(20);

/// What was found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installation {
    /// The emulator's version.
    pub version: QemuVersion,
    /// The emulator.
    pub qemu: PathBuf,
    /// The tool for disk images.
    pub qemu_img: PathBuf,
}

/// A version of QEMU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QemuVersion {
    /// The major version.
    pub major: u32,
    /// The minor version.
    pub minor: u32,
    /// The micro version.
    pub micro: u32,
}

impl QemuVersion {
    /// The version as one number, as libvirt counts: 7.2.22 is 7002022.
    pub fn number(self) -> u64 {
        u64::from(self.major) * 1_000_000 + u64::from(self.minor) * 1_000 + u64::from(self.micro)
    }

    /// From what `-version` prints: the first word that is three numbers.
    fn parse(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(|word| {
            let mut parts = word.split('.').map(str::parse);
            match (parts.next()?, parts.next()?, parts.next()?, parts.next()) {
                (Ok(major), Ok(minor), Ok(micro), None) => Some(Self {
                    major,
                    minor,
                    micro,
                }),
                _ => None,
            }
        })
    }
}

impl fmt::Display for QemuVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.micro)
    }
}

/// Looks for the programs, asks the emulator for its version, and for KVM whether it may be used.
pub(super) async fn detect(config: &QemuConfig) -> Result<Installation, QemuError> {
    let qemu = program::locate(&config.qemu)?;
    let qemu_img = program::locate(&config.qemu_img)?;
    let said = program::run(
        "qemu",
        &qemu,
        &[OsString::from("-version")],
        Path::new("/"),
        DEADLINE,
    )
    .await?;
    let version = QemuVersion::parse(&said).ok_or_else(|| QemuError::UnknownVersion {
        program: qemu.clone(),
    })?;
    match config.accelerator {
        Accelerator::Tcg => {}
        Accelerator::Kvm => {
            let kvm = std::fs::OpenOptions::new()
                .read(true)
                .write(true)
                .open("/dev/kvm");
            kvm.map_err(QemuError::NoKvm)?;
        }
    }
    Ok(Installation {
        version,
        qemu,
        qemu_img,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_among_what_distributions_add() {
        let read = |text| QemuVersion::parse(text).map(QemuVersion::number);
        let debian = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c) 2003-2022";
        assert_eq!(read(debian), Some(7_002_022));
        assert_eq!(read("QEMU emulator version 10.0.0"), Some(10_000_000));
        assert_eq!(
            read("QEMU emulator version 1.2.3.4 x.y.z 99999999999.0.0"),
            None
        );
        assert_eq!(read(""), None);
    }

    #[tokio::test]
    async fn a_program_that_is_not_qemu_is_refused() {
        let config = QemuConfig::new("/nowhere")
            .with_qemu("/bin/true")
            .with_qemu_img("/bin/true");
        assert!(matches!(
            detect(&config).await,
            Err(QemuError::UnknownVersion { .. })
        ));
    }
}
