//! What is known of an image; its bytes are elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::ImageId;
use crate::text_enum::text_enum;
use crate::units::{Bytes, Gibibytes, Mebibytes};

text_enum! {
    /// A format of disk images. Formats are declared and verified, never guessed.
    pub enum DiskFormat: "disk format" {
        /// The bytes of the disk, one after another.
        Raw = "raw",
        /// QEMU's copy-on-write format, version 2 or 3.
        Qcow2 = "qcow2",
    }
}

/// An image's metadata, as the image service tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageMeta {
    /// The image.
    pub id: ImageId,
    /// What people call it.
    pub name: String,
    /// The format that its owner declared. Whoever uses the bytes checks it.
    pub disk_format: DiskFormat,
    /// How many bytes it has as a file.
    pub size: Bytes,
    /// The least root disk for it.
    pub min_disk: Gibibytes,
    /// The least memory for it.
    pub min_memory: Mebibytes,
    /// Properties for the scheduler and the drivers, such as `hw_architecture`.
    pub properties: BTreeMap<String, String>,
}
