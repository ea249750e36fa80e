//! The header of a qcow2 file.
//!
//! The layout is that of QEMU's `docs/interop/qcow2.rst`. All numbers are big-endian.

use std::io::{Read, Seek};

use nova_core::units::Bytes;

use super::ImageError;
use super::file_format::read_up_to;
use crate::spec::VmSpec;

const V2_LENGTH: u32 = 72;
const V3_LENGTH: u32 = 104;

/// The incompatible feature bits that are known here.
const CORRUPT: u64 = 1 << 1;
const DATA_FILE: u64 = 1 << 2;
const COMPRESSION: u64 = 1 << 3;
const EXTENDED_L2: u64 = 1 << 4;
const KNOWN: u64 = (1 << 5) - 1;

/// The header extension that names an external data file.
const DATA_FILE_NAME: u32 = 0x4441_5441;
/// More extensions than any writer makes.
const MAX_EXTENSIONS: u32 = 256;
/// QEMU's limit for the active level 1 table: 32 MiB of entries of eight bytes.
const MAX_L1_ENTRIES: u32 = (32 << 20) / 8;

/// What the header of a qcow2 file says, checked for being one that QEMU could have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Qcow2Header {
    /// 2 or 3.
    pub version: u32,
    /// The size of the disk in it.
    pub virtual_size: Bytes,
    /// A cluster has two to this power bytes: 9 to 21.
    pub cluster_bits: u32,
    /// How many bytes the header has.
    pub header_length: u32,
    /// Features that a reader must know.
    pub incompatible_features: u64,
    /// Whether it names a backing file.
    pub has_backing_file: bool,
    /// Whether its clusters are in another file, or it names one for them.
    pub has_data_file: bool,
    /// Whether its clusters are encrypted.
    pub encrypted: bool,
}

impl Qcow2Header {
    /// Refuses what must not be used: a reference to another file, an unknown or encrypted
    /// content, a mark of corruption.
    ///
    /// # Errors
    /// [`ImageError::RefersElsewhere`], [`ImageError::UnknownFeatures`],
    /// [`ImageError::Encrypted`], [`ImageError::Damaged`].
    pub fn check_safe(&self) -> Result<(), ImageError> {
        if self.has_backing_file {
            return Err(ImageError::RefersElsewhere {
                what: "backing file",
            });
        }
        if self.has_data_file {
            return Err(ImageError::RefersElsewhere { what: "data file" });
        }
        let unknown = self.incompatible_features & !KNOWN;
        if unknown != 0 {
            return Err(ImageError::UnknownFeatures { bits: unknown });
        }
        if self.encrypted {
            return Err(ImageError::Encrypted);
        }
        if self.incompatible_features & CORRUPT != 0 {
            return Err(damaged("it is marked as corrupt"));
        }
        Ok(())
    }
}

/// Reads the header of a file of `size` bytes.
pub(super) fn read_header(
    reader: &mut (impl Read + Seek),
    size: u64,
) -> Result<Qcow2Header, ImageError> {
    // 112 bytes are the longest header that is known here; what follows is skipped by its length.
    let bytes = Fields(read_up_to(reader, 0, 112).map_err(ImageError::Io)?);
    let version = bytes.u32(4)?;
    let backing_file_offset = bytes.u64(8)?;
    let cluster_bits = bytes.u32(20)?;
    let virtual_size = bytes.u64(24)?;
    let encryption = bytes.u32(32)?;
    let l1_entries = bytes.u32(36)?;
    let (incompatible_features, header_length) = match version {
        2 => (0, V2_LENGTH),
        3 => {
            if bytes.u32(96)? > 6 {
                return Err(damaged("its reference counts have more than 64 bits"));
            }
            (bytes.u64(72)?, bytes.u32(100)?)
        }
        _ => return Err(damaged("its version is none of 2 and 3")),
    };

    if !(9..=21).contains(&cluster_bits) {
        return Err(damaged("its cluster size is out of range"));
    }
    let cluster = 1_u64 << cluster_bits;
    if version == 3 && (header_length < V3_LENGTH || header_length % 8 != 0) {
        return Err(damaged("its header length is out of range"));
    }
    if u64::from(header_length) > cluster {
        return Err(damaged("its header does not fit"));
    }
    if virtual_size == 0 {
        return Err(damaged("its disk has no size"));
    }
    if virtual_size > VmSpec::MAX_DISK.get() {
        return Err(damaged("its disk is larger than a file offset can say"));
    }
    if backing_file_offset != 0
        && !(u64::from(header_length)..cluster).contains(&backing_file_offset)
    {
        return Err(damaged(
            "its backing file's name lies outside of the header",
        ));
    }
    check_compression(&bytes, incompatible_features, header_length)?;
    if incompatible_features & EXTENDED_L2 != 0 && cluster_bits < 14 {
        return Err(damaged("its clusters are too small for subclusters"));
    }
    check_l1(
        virtual_size,
        cluster_bits,
        incompatible_features,
        l1_entries,
    )?;
    // Tables begin at clusters after the first, so this also says that the header is there whole.
    for offset in [bytes.u64(40)?, bytes.u64(48)?] {
        if offset == 0 || offset % cluster != 0 || offset >= size {
            return Err(damaged("a table lies outside of the file"));
        }
    }

    let end = if backing_file_offset == 0 {
        cluster
    } else {
        backing_file_offset
    };
    let names_data_file = scan_extensions(reader, u64::from(header_length), end)?;
    Ok(Qcow2Header {
        version,
        virtual_size: Bytes::new(virtual_size),
        cluster_bits,
        header_length,
        incompatible_features,
        has_backing_file: backing_file_offset != 0,
        has_data_file: names_data_file || incompatible_features & DATA_FILE != 0,
        encrypted: encryption != 0,
    })
}

fn check_compression(bytes: &Fields, features: u64, header_length: u32) -> Result<(), ImageError> {
    let kind = if header_length > V3_LENGTH {
        bytes.u8(104)?
    } else {
        0
    };
    // 0 is zlib and needs no bit, 1 is zstd and needs it.
    if kind > 1 || (kind == 1) != (features & COMPRESSION != 0) {
        return Err(damaged("its kind of compression is unknown"));
    }
    Ok(())
}

/// The level 1 table must reach to the disk's end, as QEMU demands it.
fn check_l1(size: u64, cluster_bits: u32, features: u64, entries: u32) -> Result<(), ImageError> {
    let entry_bits = if features & EXTENDED_L2 == 0 { 3 } else { 4 };
    let covered_bits = cluster_bits + (cluster_bits - entry_bits);
    let needed = size.div_ceil(1 << covered_bits);
    if entries > MAX_L1_ENTRIES || u64::from(entries) < needed {
        return Err(damaged("its level 1 table does not fit its disk"));
    }
    Ok(())
}

/// Walks the header extensions; tells whether one names an external data file.
fn scan_extensions(
    reader: &mut (impl Read + Seek),
    start: u64,
    end: u64,
) -> Result<bool, ImageError> {
    let mut offset = start;
    let mut names_data_file = false;
    for _ in 0..MAX_EXTENSIONS {
        if offset >= end {
            return Ok(names_data_file);
        }
        let header = Fields(read_up_to(reader, offset, 8).map_err(ImageError::Io)?);
        let kind = header.u32(0)?;
        let length = u64::from(header.u32(4)?);
        if kind == 0 {
            return Ok(names_data_file);
        }
        offset += 8;
        if length > end.saturating_sub(offset) {
            return Err(damaged("a header extension does not fit"));
        }
        names_data_file |= kind == DATA_FILE_NAME;
        // Extensions are padded to eight bytes; both numbers are below 2^22, so no overflow.
        offset += length.next_multiple_of(8);
    }
    Err(damaged("it has too many header extensions"))
}

/// Numbers at their places in the header's bytes.
struct Fields(Vec<u8>);

impl Fields {
    fn at<const N: usize>(&self, offset: usize) -> Result<[u8; N], ImageError> {
        let field = self.0.get(offset..).and_then(|rest| rest.first_chunk());
        field.copied().ok_or(damaged("its header is cut off"))
    }

    fn u8(&self, offset: usize) -> Result<u8, ImageError> {
        self.at::<1>(offset).map(|[byte]| byte)
    }

    fn u32(&self, offset: usize) -> Result<u32, ImageError> {
        self.at(offset).map(u32::from_be_bytes)
    }

    fn u64(&self, offset: usize) -> Result<u64, ImageError> {
        self.at(offset).map(u64::from_be_bytes)
    }
}

const fn damaged(reason: &'static str) -> ImageError {
    ImageError::Damaged { reason }
}
