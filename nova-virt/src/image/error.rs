//! Why an image is refused.

use nova_core::BoxError;
use nova_core::id::ImageId;
use nova_core::model::DiskFormat;
use nova_core::units::Bytes;

/// An image is not there, or is not what it was declared to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The source has no such image.
    #[error("image {image} was not found")]
    NotFound {
        /// The image.
        image: ImageId,
    },

    /// The source has an image with this id, and images do not change.
    #[error("image {image} exists already")]
    AlreadyExists {
        /// The image.
        image: ImageId,
    },

    /// What the source keeps about the image cannot be read.
    #[error("the metadata of image {image} are damaged")]
    Metadata {
        /// The image.
        image: ImageId,
        /// What is wrong with them.
        #[source]
        source: BoxError,
    },

    /// The bytes are of another format than the declared one.
    #[error("the image was declared {declared} and is {found}")]
    WrongFormat {
        /// What was declared.
        declared: DiskFormat,
        /// What the bytes are, as people call it.
        found: &'static str,
    },

    /// The image names another file that holds part of it. Whoever wrote the image chose that
    /// name, so opening it would give away files of the host.
    #[error("the image refers to another file ({what})")]
    RefersElsewhere {
        /// Which kind of reference: `backing file`, `data file`, …
        what: &'static str,
    },

    /// The image needs a feature of its format that is not known here.
    #[error("the image uses unknown features of its format (bits {bits:#x})")]
    UnknownFeatures {
        /// The feature bits that are set and not known.
        bits: u64,
    },

    /// The image is encrypted, and nothing here has its key.
    #[error("the image is encrypted")]
    Encrypted,

    /// There is a directory, a symbolic link, a device or a pipe where the image should be.
    #[error("the image is not a regular file")]
    NotAFile,

    /// The header is damaged or cut off.
    #[error("the image is damaged: {reason}")]
    Damaged {
        /// What is wrong with it.
        reason: &'static str,
    },

    /// The disk that the image holds is larger than the one it is to be put on.
    #[error("the image's disk has {virtual_size}, the disk for it {limit}")]
    TooLarge {
        /// How large the image's disk is.
        virtual_size: Bytes,
        /// How large the disk for it is.
        limit: Bytes,
    },

    /// The image could not be read.
    #[error("the image could not be read")]
    Io(#[source] std::io::Error),
}

impl ImageError {
    /// Whether another try on the same host may succeed.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Io(_))
    }

    /// Whether the fault is in what the image is, so that every host refuses it; otherwise it is
    /// in this host's copy, or in its access to the image.
    pub fn is_of_the_image(&self) -> bool {
        match self {
            Self::WrongFormat { .. }
            | Self::RefersElsewhere { .. }
            | Self::UnknownFeatures { .. }
            | Self::Encrypted
            | Self::Damaged { .. }
            | Self::TooLarge { .. } => true,
            Self::NotFound { .. }
            | Self::AlreadyExists { .. }
            | Self::Metadata { .. }
            | Self::NotAFile
            | Self::Io(_) => false,
        }
    }
}
