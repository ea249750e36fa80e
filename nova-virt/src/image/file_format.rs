//! Which format a file's bytes are of, by the marks that formats leave in them.

use std::io::{self, Read, Seek, SeekFrom};

/// What a file's bytes are.
///
/// Partition tables and file systems (MBR, GPT, ISO 9660, …) are what raw disks are made of, so
/// a file with one of those is [`Raw`](Self::Raw).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FileFormat {
    /// No mark of any other format: the bytes of a disk.
    Raw,
    /// QEMU's copy-on-write format of version 2 or later.
    Qcow2,
    /// The first version of QEMU's copy-on-write format.
    Qcow1,
    /// `VMware`: sparse extent, or a descriptor that names other files.
    Vmdk,
    /// Virtual PC, by its header or its footer.
    Vhd,
    /// Hyper-V.
    Vhdx,
    /// `VirtualBox`.
    Vdi,
    /// QEMU's enhanced disk.
    Qed,
    /// Parallels.
    Parallels,
    /// An encrypted disk with a LUKS header.
    Luks,
    /// An Apple disk image, by its footer.
    Dmg,
    /// Bochs.
    Bochs,
    /// A compressed loop device.
    Cloop,
}

impl FileFormat {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
            Self::Qcow1 => "qcow version 1",
            Self::Vmdk => "VMDK",
            Self::Vhd => "VHD",
            Self::Vhdx => "VHDX",
            Self::Vdi => "VDI",
            Self::Qed => "QED",
            Self::Parallels => "Parallels",
            Self::Luks => "LUKS",
            Self::Dmg => "DMG",
            Self::Bochs => "Bochs",
            Self::Cloop => "cloop",
        }
    }
}

/// How much of the beginning is looked at.
const HEAD: u64 = 4096;
/// How much of the end is looked at: a footer has a sector.
const TAIL: u64 = 512;

/// The marks at a fixed place near the beginning.
const MARKS: &[(usize, &[u8], FileFormat)] = &[
    (0, b"QFI\xfb\0\0\0\x01", FileFormat::Qcow1),
    (0, b"QFI\xfb", FileFormat::Qcow2),
    (0, b"KDMV", FileFormat::Vmdk),
    (0, b"COWD", FileFormat::Vmdk),
    (0, b"conectix", FileFormat::Vhd),
    (0, b"vhdxfile", FileFormat::Vhdx),
    (0x40, b"\x7f\x10\xda\xbe", FileFormat::Vdi),
    (0, b"QED\0", FileFormat::Qed),
    (0, b"WithoutFreeSpace", FileFormat::Parallels),
    (0, b"WithouFreSpacExt", FileFormat::Parallels),
    (0, b"LUKS\xba\xbe", FileFormat::Luks),
    (0, b"Bochs Virtual HD Image", FileFormat::Bochs),
    (0, b"#!/bin/sh\n#V2.0 Format\n", FileFormat::Cloop),
];

/// Finds the format of the bytes, of which there are `size`.
pub(super) fn detect(reader: &mut (impl Read + Seek), size: u64) -> io::Result<FileFormat> {
    let head = read_up_to(reader, 0, HEAD)?;
    for &(offset, mark, format) in MARKS {
        if head
            .get(offset..)
            .is_some_and(|rest| rest.starts_with(mark))
        {
            return Ok(format);
        }
    }
    if is_vmdk_descriptor(&head) {
        return Ok(FileFormat::Vmdk);
    }
    let tail = read_up_to(reader, size.saturating_sub(TAIL), TAIL)?;
    // Old versions of Virtual PC wrote footers of 511 bytes.
    if tail.starts_with(b"conectix") || tail.get(1..).is_some_and(|t| t.starts_with(b"conectix")) {
        return Ok(FileFormat::Vhd);
    }
    if tail.starts_with(b"koly") {
        return Ok(FileFormat::Dmg);
    }
    Ok(FileFormat::Raw)
}

/// Whether the text is a VMDK descriptor: QEMU takes for one whatever has `version=` as its first
/// line after blank lines and comments, `VMware` writes its own first comment.
fn is_vmdk_descriptor(head: &[u8]) -> bool {
    const TITLE: &[u8] = b"# Disk DescriptorFile";
    if head
        .get(..TITLE.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(TITLE))
    {
        return true;
    }
    head.split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .find(|line| !line.is_empty() && line[0] != b'#')
        .is_some_and(|line| line.len() >= 8 && line[..8].eq_ignore_ascii_case(b"version="))
}

/// The bytes from `offset` on, `limit` of them or as many as there are.
pub(super) fn read_up_to(
    reader: &mut (impl Read + Seek),
    offset: u64,
    limit: u64,
) -> io::Result<Vec<u8>> {
    reader.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
