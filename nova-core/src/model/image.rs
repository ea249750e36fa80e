//! What is known of an image; its bytes are elsewhere.

use serde::{Deserialize, Serialize};

use super::ImageProperties;
use crate::id::{ImageId, ProjectId};
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

text_enum! {
    /// The state of an image in its service.
    pub enum ImageStatus: "image status" {
        /// It can be used.
        Active = "active",
        /// An administrator keeps its bytes from being used.
        Deactivated = "deactivated",
        /// It is deleted.
        Deleted = "deleted",
        /// Its bytes are fetched by the service.
        Importing = "importing",
        /// Its upload failed.
        Killed = "killed",
        /// It will be deleted.
        PendingDelete = "pending_delete",
        /// It has no bytes yet.
        Queued = "queued",
        /// Its bytes are written.
        Saving = "saving",
        /// Its bytes are uploaded, to be fetched from there.
        Uploading = "uploading",
    }
}

impl Default for ImageStatus {
    /// What is known of an image whose service does not tell: it can be used.
    fn default() -> Self {
        Self::Active
    }
}

/// An image's metadata, as the image service tells it.
///
/// ```
/// use nova_core::Env;
/// use nova_core::id::ImageId;
/// use nova_core::model::{DiskFormat, ImageMeta};
/// use nova_core::units::Gibibytes;
///
/// let id = ImageId::generate(&Env::system());
/// let image = ImageMeta::new(id, "debian", DiskFormat::Qcow2).with_min_disk(Gibibytes::new(2));
/// assert!(image.properties.as_map().is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageMeta {
    /// The image.
    pub id: ImageId,
    /// What people call it.
    pub name: String,
    /// Whether it can be used.
    #[serde(default)]
    pub status: ImageStatus,
    /// The project that it belongs to, if the service tells.
    #[serde(default)]
    pub owner: Option<ProjectId>,
    /// The format that its owner declared. Whoever uses the bytes checks it.
    pub disk_format: DiskFormat,
    /// How many bytes it has as a file.
    pub size: Bytes,
    /// The least root disk for it.
    pub min_disk: Gibibytes,
    /// The least memory for it.
    pub min_memory: Mebibytes,
    /// Properties for the scheduler and the drivers, such as `hw_architecture`.
    pub properties: ImageProperties,
}

impl ImageMeta {
    /// An active image without bytes, which needs nothing in particular.
    pub fn new(id: ImageId, name: impl Into<String>, disk_format: DiskFormat) -> Self {
        Self {
            id,
            name: name.into(),
            status: ImageStatus::Active,
            owner: None,
            disk_format,
            size: Bytes::ZERO,
            min_disk: Gibibytes::ZERO,
            min_memory: Mebibytes::ZERO,
            properties: ImageProperties::default(),
        }
    }

    /// In this state.
    #[must_use]
    pub fn with_status(mut self, status: ImageStatus) -> Self {
        self.status = status;
        self
    }

    /// Of this project.
    #[must_use]
    pub fn with_owner(mut self, owner: ProjectId) -> Self {
        self.owner = Some(owner);
        self
    }

    /// With so many bytes as a file.
    #[must_use]
    pub fn with_size(mut self, size: Bytes) -> Self {
        self.size = size;
        self
    }

    /// For a root disk of at least this size.
    #[must_use]
    pub fn with_min_disk(mut self, min_disk: Gibibytes) -> Self {
        self.min_disk = min_disk;
        self
    }

    /// For at least so much memory.
    #[must_use]
    pub fn with_min_memory(mut self, min_memory: Mebibytes) -> Self {
        self.min_memory = min_memory;
        self
    }

    /// With these properties.
    #[must_use]
    pub fn with_properties(mut self, properties: ImageProperties) -> Self {
        self.properties = properties;
        self
    }
}
