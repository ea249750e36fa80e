//! What a file is, whatever it was declared to be.

use std::io::{Read, Seek, SeekFrom};

use nova_core::units::Bytes;

use super::ImageError;
use super::file_format::{FileFormat, detect};
use super::qcow2::{Qcow2Header, read_header};

/// What was found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The format that its bytes are of.
    pub format: FileFormat,
    /// How many bytes it has.
    pub file_size: Bytes,
    /// The header, if it is a qcow2 file.
    pub qcow2: Option<Qcow2Header>,
}

/// Finds out what a file is, by its headers alone.
///
/// At most some KiB are read, and no name in the file is followed. That a file could be inspected
/// does not mean that it may be used: [`verify`](super::verify) says that.
///
/// ```
/// use nova_virt::image::{FileFormat, inspect};
///
/// let found = inspect(&mut std::io::Cursor::new(b"KDMV\x01\0\0\0"))?;
/// assert_eq!(found.format, FileFormat::Vmdk);
/// # Ok::<(), nova_virt::image::ImageError>(())
/// ```
///
/// # Errors
/// [`ImageError::Damaged`] if it is a qcow2 file with a header that cannot be; [`ImageError::Io`].
pub fn inspect(reader: &mut (impl Read + Seek)) -> Result<Inspection, ImageError> {
    let size = reader.seek(SeekFrom::End(0)).map_err(ImageError::Io)?;
    let format = detect(reader, size).map_err(ImageError::Io)?;
    let qcow2 = match format {
        FileFormat::Qcow2 => Some(read_header(reader, size)?),
        _ => None,
    };
    Ok(Inspection {
        format,
        file_size: Bytes::new(size),
        qcow2,
    })
}
