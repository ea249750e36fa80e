//! Disks, with every file below them spelled out.

use std::path::Path;

use nova_core::model::DiskFormat;
use serde::Serialize;

use super::common::{Empty, path};
use crate::host::overlay;
use crate::libvirt::error::LibvirtError;
use crate::spec::{BaseImage, DiskSpec};

/// A disk: a file of the guest's own, over an image or over nothing.
#[derive(Serialize)]
pub(super) struct Disk {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(rename = "@device")]
    device: &'static str,
    driver: DiskDriver,
    source: DiskSource,
    #[serde(rename = "backingStore")]
    backing: Backing,
    target: DiskTarget,
    #[serde(skip_serializing_if = "Option::is_none")]
    boot: Option<Boot>,
}

impl Disk {
    /// The disk with this index in the guest's directory; the guest boots from the first.
    pub(super) fn new(
        index: usize,
        disk: &DiskSpec,
        directory: &Path,
    ) -> Result<Self, LibvirtError> {
        let source = DiskSource::new(&directory.join(overlay::disk_name(index)))?;
        Ok(Self {
            kind: "file",
            device: "disk",
            driver: DiskDriver {
                name: "qemu",
                format: DiskFormat::Qcow2.as_str(),
                discard: "unmap",
            },
            source,
            backing: disk
                .base
                .as_ref()
                .map_or(Ok(Backing::default()), Backing::new)?,
            target: DiskTarget {
                device: target(index),
                bus: "virtio",
            },
            boot: (index == 0).then_some(Boot { order: 1 }),
        })
    }
}

#[derive(Serialize)]
struct DiskDriver {
    #[serde(rename = "@name")]
    name: &'static str,
    #[serde(rename = "@type")]
    format: &'static str,
    #[serde(rename = "@discard")]
    discard: &'static str,
}

#[derive(Serialize)]
struct DiskSource {
    #[serde(rename = "@file")]
    file: String,
}

impl DiskSource {
    fn new(file: &Path) -> Result<Self, LibvirtError> {
        Ok(Self { file: path(file)? })
    }
}

/// What is below a disk. An empty one says that nothing is, whatever the file above claims.
#[derive(Default, Serialize)]
struct Backing {
    #[serde(rename = "@type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<DiskSource>,
    #[serde(rename = "backingStore", skip_serializing_if = "Option::is_none")]
    below: Option<Empty>,
}

impl Backing {
    fn new(base: &BaseImage) -> Result<Self, LibvirtError> {
        Ok(Self {
            kind: Some("file"),
            format: Some(Format {
                format: base.format.as_str(),
            }),
            source: Some(DiskSource::new(&base.path)?),
            below: Some(Empty {}),
        })
    }
}

#[derive(Serialize)]
struct Format {
    #[serde(rename = "@type")]
    format: &'static str,
}

#[derive(Serialize)]
struct DiskTarget {
    #[serde(rename = "@dev")]
    device: String,
    #[serde(rename = "@bus")]
    bus: &'static str,
}

#[derive(Serialize)]
struct Boot {
    #[serde(rename = "@order")]
    order: u32,
}

/// The name of a disk within its guest: `vda`, `vdb`, …, `vdz`, `vdaa`, …
fn target(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        letters.push(char::from(b"abcdefghijklmnopqrstuvwxyz"[(rest - 1) % 26]));
        rest = (rest - 1) / 26;
    }
    letters.extend(['d', 'v']);
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_named_in_order_without_end() {
        let names = [0, 1, 25, 26, 27, 701, 702].map(target);
        assert_eq!(
            names,
            ["vda", "vdb", "vdz", "vdaa", "vdab", "vdzz", "vdaaa"]
        );
    }
}
