//! Where images come from, and what they really are.
//!
//! An image is written by a stranger. Its format is declared by whoever registers it, and
//! [`verify`] reads the bytes to see whether that is true: nothing else ever guesses, and no
//! reference in an image (a backing file, a data file, an extent of a VMDK) is ever followed.
//!
//! ```
//! use nova_virt::DiskFormat;
//! use nova_virt::image::{ImageError, verify};
//!
//! let directory = tempfile::tempdir()?;
//! let path = directory.path().join("disk.img");
//! std::fs::write(&path, [0; 1000])?;
//! assert_eq!(verify(&path, DiskFormat::Raw)?.virtual_size.get(), 1024);
//!
//! let lie = verify(&path, DiskFormat::Qcow2);
//! assert!(matches!(lie, Err(ImageError::WrongFormat { found: "raw", .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod directory;
mod error;
mod file_format;
mod inspect;
mod memory;
mod qcow2;
mod source;
mod store;
mod verify;

pub use directory::ImageDirectory;
pub use error::ImageError;
pub use file_format::FileFormat;
pub use inspect::{Inspection, inspect};
pub use memory::MemoryImages;
pub use qcow2::Qcow2Header;
pub use source::ImageSource;
pub use verify::{Verified, verify, verify_base};
