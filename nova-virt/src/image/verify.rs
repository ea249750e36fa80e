//! Whether a file is what it was declared to be, and safe to use.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use nova_core::model::DiskFormat;
use nova_core::units::Bytes;

use super::ImageError;
use super::file_format::{FileFormat, detect};
use super::qcow2::read_header;
use crate::spec::{BaseImage, VmSpec};

/// An image that is what it was declared to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The size of the disk in it, rounded up to whole sectors of 512 bytes: a disk made from it
    /// must not be smaller.
    pub virtual_size: Bytes,
}

/// Checks that a file is an image of the declared format that refers to nothing outside of itself.
///
/// Blocks, but briefly: only headers are read. A symbolic link is refused, as is all that is not
/// a regular file.
///
/// # Errors
/// [`ImageError::NotAFile`]; [`ImageError::WrongFormat`]; [`ImageError::RefersElsewhere`];
/// [`ImageError::UnknownFeatures`]; [`ImageError::Encrypted`]; [`ImageError::Damaged`], also for
/// an empty file; [`ImageError::Io`].
pub fn verify(path: &Path, declared: DiskFormat) -> Result<Verified, ImageError> {
    verify_bytes(&mut open(path)?, declared)
}

/// [Verifies](verify) a base, and that a disk of the given size can be made from it.
///
/// # Errors
/// Those of [`verify`]; [`ImageError::TooLarge`].
pub fn verify_base(base: &BaseImage, disk: Bytes) -> Result<Verified, ImageError> {
    let verified = verify(&base.path, base.format)?;
    if verified.virtual_size > disk {
        return Err(ImageError::TooLarge {
            virtual_size: verified.virtual_size,
            limit: disk,
        });
    }
    Ok(verified)
}

/// Opens a regular file for reading, never through a symbolic link as the last step.
pub(super) fn open(path: &Path) -> Result<File, ImageError> {
    let before = fs::symlink_metadata(path).map_err(ImageError::Io)?;
    if !before.is_file() {
        return Err(ImageError::NotAFile);
    }
    let file = options().open(path).map_err(ImageError::Io)?;
    // What was opened must be what was looked at, in case that it was replaced in between.
    let after = file.metadata().map_err(ImageError::Io)?;
    if after.is_file() && same_file(&before, &after) {
        Ok(file)
    } else {
        Err(ImageError::NotAFile)
    }
}

fn options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Not to wait for the other end of a pipe, nor to follow a link, that was put there after
        // the look. The number of O_NOFOLLOW depends on the architecture.
        const O_NONBLOCK: i32 = 0o4000;
        const O_NOFOLLOW: i32 = if cfg!(target_arch = "x86_64") {
            0o400_000
        } else {
            0o100_000
        };
        options.custom_flags(O_NONBLOCK | O_NOFOLLOW);
    }
    options
}

#[cfg(unix)]
fn same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same_file(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

/// [`verify`] for bytes that are anywhere.
pub(super) fn verify_bytes(
    reader: &mut (impl Read + Seek),
    declared: DiskFormat,
) -> Result<Verified, ImageError> {
    let size = reader.seek(SeekFrom::End(0)).map_err(ImageError::Io)?;
    let found = detect(reader, size).map_err(ImageError::Io)?;
    // The lie is told before the damage: a header is only read where it should be.
    let virtual_size = match (declared, found) {
        (DiskFormat::Raw, FileFormat::Raw) => size,
        (DiskFormat::Qcow2, FileFormat::Qcow2) => {
            let header = read_header(reader, size)?;
            header.check_safe()?;
            header.virtual_size.get()
        }
        _ => {
            return Err(ImageError::WrongFormat {
                declared,
                found: found.name(),
            });
        }
    };
    if virtual_size == 0 {
        return Err(ImageError::Damaged {
            reason: "it is empty",
        });
    }
    if virtual_size > VmSpec::MAX_DISK.get() {
        return Err(ImageError::Damaged {
            reason: "its disk is larger than a file offset can say",
        });
    }
    Ok(Verified {
        virtual_size: Bytes::new(virtual_size.next_multiple_of(512)),
    })
}
