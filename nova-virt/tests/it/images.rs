//! The image inspector against hostile, damaged and honest images.

use std::io::Cursor;
use std::path::Path;

use nova_core::units::Bytes;
use nova_virt::DiskFormat::{Qcow2, Raw};
use nova_virt::image::{FileFormat, ImageError, Verified, inspect, verify, verify_base};
use nova_virt::{BaseImage, DiskFormat};
use proptest::prelude::*;

use crate::forge::Qcow2Forge;

const MIB: u64 = 1 << 20;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn check(bytes: &[u8], declared: DiskFormat) -> Result<Verified, ImageError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image");
    std::fs::write(&path, bytes).unwrap();
    verify(&path, declared)
}

/// Why it is damaged; panics if it is not.
#[expect(clippy::panic, reason = "a helper of tests")]
fn damage(bytes: &[u8]) -> &'static str {
    match check(bytes, Qcow2) {
        Err(ImageError::Damaged { reason }) => reason,
        other => panic!("not damaged: {other:?}"),
    }
}

fn forge() -> Qcow2Forge {
    Qcow2Forge::new(MIB)
}

#[test]
fn honest_images_pass_with_their_size_in_sectors() {
    for (bytes, size) in [(1, 512), (512, 512), (513, 1024), (4096, 4096)] {
        assert_eq!(
            check(&vec![0; bytes], Raw).unwrap().virtual_size,
            Bytes::new(size)
        );
    }
    assert_eq!(
        check(&forge().build(), Qcow2).unwrap().virtual_size,
        Bytes::new(MIB)
    );
    let odd = Qcow2Forge::new(1000).build();
    assert_eq!(check(&odd, Qcow2).unwrap().virtual_size, Bytes::new(1024));
}

#[test]
fn a_version_2_header_needs_no_more_than_72_bytes() {
    let mut bytes = forge().with(4, &2_u32.to_be_bytes()).build();
    // What version 3 has there is of no concern: here it is an end of the extensions.
    bytes[72..112].fill(0);
    let found = inspect(&mut Cursor::new(&bytes)).unwrap();
    let header = found.qcow2.unwrap();
    assert_eq!((header.version, header.header_length), (2, 72));
    assert!(check(&bytes, Qcow2).is_ok());
}

#[test]
fn what_raw_disks_are_made_of_is_raw() {
    let mut boot_sector = vec![0; 4096];
    boot_sector[510..512].copy_from_slice(b"\x55\xaa");
    let mut gpt = boot_sector.clone();
    gpt[512..520].copy_from_slice(b"EFI PART");
    let mut iso = vec![0; 40_960];
    iso[0x8001..0x8006].copy_from_slice(b"CD001");
    let text = b"# a comment\n\nand text\nversion=1\n".to_vec();
    for bytes in [boot_sector, gpt, iso, text, b"QFI".to_vec(), b"#".to_vec()] {
        assert!(check(&bytes, Raw).is_ok());
        assert!(matches!(
            check(&bytes, Qcow2),
            Err(ImageError::WrongFormat {
                declared: Qcow2,
                found: "raw"
            })
        ));
    }
}

/// Every other format that QEMU would recognise, at its place in a file of 8 KiB.
fn others() -> Vec<(FileFormat, Vec<u8>)> {
    let at = |offset: usize, mark: &[u8]| {
        let mut bytes = vec![0; 8192];
        bytes[offset..offset + mark.len()].copy_from_slice(mark);
        bytes
    };
    vec![
        (FileFormat::Qcow1, at(0, b"QFI\xfb\0\0\0\x01")),
        (FileFormat::Vmdk, at(0, b"KDMV\x01\0\0\0")),
        (FileFormat::Vmdk, at(0, b"COWD\x01\0\0\0")),
        (
            FileFormat::Vmdk,
            at(0, b"# Disk DescriptorFile\nversion=1\n"),
        ),
        (FileFormat::Vmdk, at(0, b"# DISK descriptorfile\r\n")),
        (FileFormat::Vmdk, at(0, b"\n  \n# hello\r\n version=2\r\n")),
        (
            FileFormat::Vmdk,
            at(0, b"version=1\nRW 63 FLAT \"/etc/shadow\" 0\n"),
        ),
        (FileFormat::Vhd, at(0, b"conectix")),
        (FileFormat::Vhd, at(8192 - 512, b"conectix")),
        (FileFormat::Vhd, at(8192 - 511, b"conectix")),
        (FileFormat::Vhdx, at(0, b"vhdxfile")),
        (FileFormat::Vdi, at(0x40, b"\x7f\x10\xda\xbe")),
        (FileFormat::Qed, at(0, b"QED\0")),
        (FileFormat::Parallels, at(0, b"WithoutFreeSpace")),
        (FileFormat::Parallels, at(0, b"WithouFreSpacExt")),
        (FileFormat::Luks, at(0, b"LUKS\xba\xbe\0\x01")),
        (FileFormat::Luks, at(0, b"LUKS\xba\xbe\0\x02")),
        (FileFormat::Dmg, at(8192 - 512, b"koly")),
        (FileFormat::Bochs, at(0, b"Bochs Virtual HD Image")),
        (FileFormat::Cloop, at(0, b"#!/bin/sh\n#V2.0 Format\n")),
    ]
}

#[test]
fn every_other_format_is_recognised_and_refused() {
    for (format, bytes) in others() {
        assert_eq!(inspect(&mut Cursor::new(&bytes)).unwrap().format, format);
        for declared in [Raw, Qcow2] {
            let result = check(&bytes, declared);
            assert!(
                matches!(result, Err(ImageError::WrongFormat { declared: d, found })
                    if d == declared && found == format.name()),
                "{format:?} as {declared}: {result:?}"
            );
        }
    }
}

#[test]
fn a_qcow2_file_that_is_declared_raw_is_a_lie_however_damaged() {
    let whole = forge().build();
    for length in 4..=whole.len().min(600) {
        let result = check(&whole[..length], Raw);
        assert!(
            matches!(
                result,
                Err(ImageError::WrongFormat {
                    declared: Raw,
                    found: "qcow2"
                })
            ),
            "{length} bytes: {result:?}"
        );
    }
}

#[test]
fn a_header_that_is_cut_off_anywhere_is_damaged() {
    // Up to the level 1 table in the third cluster, which is part of the file.
    let whole = forge().build();
    for length in (4..600).chain([65_535, 65_536, 65_537, 131_072]) {
        assert!(
            !damage(&whole[..length]).is_empty(),
            "{length} bytes passed"
        );
    }
    for length in 0..4 {
        let result = check(&whole[..length], Qcow2);
        assert!(
            matches!(result, Err(ImageError::WrongFormat { found: "raw", .. })),
            "{length}"
        );
    }
}

#[test]
fn references_to_other_files_are_refused() {
    let names = [
        "/etc/shadow",
        "",
        "json:{\"driver\": \"nbd\"}",
        "nbd://example.org",
        "../x",
        "\0",
    ];
    for name in names {
        let result = check(&forge().with_backing_file(name).build(), Qcow2);
        assert!(
            matches!(
                result,
                Err(ImageError::RefersElsewhere {
                    what: "backing file"
                })
            ),
            "{name:?}: {result:?}"
        );
    }
    let bit = forge().with_features(1 << 2).build();
    // The name of a data file without the bit: an extension of type "DATA".
    let extension = forge().with(104, b"DATA\0\0\0\x0b/etc/shadow").build();
    let both = forge()
        .with_features(1 << 2)
        .with(104, b"DATA\0\0\0\x01/")
        .build();
    for bytes in [bit, extension, both] {
        let result = check(&bytes, Qcow2);
        assert!(
            matches!(
                result,
                Err(ImageError::RefersElsewhere { what: "data file" })
            ),
            "{result:?}"
        );
    }
}

#[test]
fn an_extension_behind_others_is_found() {
    let bytes = forge()
        .with(104, &0x6803_f857_u32.to_be_bytes()) // feature names
        .with(108, &13_u32.to_be_bytes())
        .with(128, b"DATA\0\0\0\x01/")
        .build();
    assert!(matches!(
        check(&bytes, Qcow2),
        Err(ImageError::RefersElsewhere { .. })
    ));
}

#[test]
fn every_unknown_feature_bit_is_refused_by_name() {
    for bit in 5..64 {
        let result = check(&forge().with_features(1 << bit).build(), Qcow2);
        assert!(
            matches!(result, Err(ImageError::UnknownFeatures { bits }) if bits == 1 << bit),
            "bit {bit}: {result:?}"
        );
    }
    // Dirty: only its reference counts are stale.
    assert!(check(&forge().with_features(1).build(), Qcow2).is_ok());
    assert!(damage(&forge().with_features(1 << 1).build()).contains("corrupt"));
}

#[test]
fn encryption_is_refused() {
    for method in [1_u32, 2, u32::MAX] {
        let result = check(&forge().with(32, &method.to_be_bytes()).build(), Qcow2);
        assert!(
            matches!(result, Err(ImageError::Encrypted)),
            "{method}: {result:?}"
        );
    }
}

#[test]
fn numbers_out_of_range_are_damage() {
    let u32s = |offset: usize, values: &[u32]| -> Vec<Qcow2Forge> {
        values
            .iter()
            .map(|value| forge().with(offset, &value.to_be_bytes()))
            .collect()
    };
    let u64s = |offset: usize, values: &[u64]| -> Vec<Qcow2Forge> {
        values
            .iter()
            .map(|value| forge().with(offset, &value.to_be_bytes()))
            .collect()
    };
    let cases = [
        ("version", u32s(4, &[0, 4, u32::MAX])),
        (
            "backing file",
            u64s(8, &[1, 103, 65_536, 1 << 63, u64::MAX]),
        ),
        ("cluster bits", u32s(20, &[0, 8, 22, 63, 64, u32::MAX])),
        (
            "virtual size",
            u64s(24, &[0, 1 << 63, u64::MAX, (1 << 63) - 511]),
        ),
        ("level 1 entries", u32s(36, &[0, u32::MAX, (4 << 20) + 1])),
        (
            "level 1 table",
            u64s(40, &[0, 1, 65_537, 3 << 16, 1 << 63, !0xffff]),
        ),
        (
            "reference count table",
            u64s(48, &[0, 1, 65_537, 3 << 16, 1 << 63, !0xffff]),
        ),
        ("reference count order", u32s(96, &[7, u32::MAX])),
        (
            "header length",
            u32s(100, &[0, 72, 103, 105, 65_544, u32::MAX, u32::MAX - 7]),
        ),
        (
            "extension length",
            u32s(108, &[65_536, u32::MAX, u32::MAX - 8]),
        ),
    ];
    for (what, forges) in cases {
        for (index, forged) in forges.into_iter().enumerate() {
            // Extensions are read where their type is not the end mark.
            let forged = if what == "extension length" {
                forged.with(104, b"abcd")
            } else {
                forged
            };
            let result = check(&forged.build(), Qcow2);
            let damaged = matches!(result, Err(ImageError::Damaged { .. }));
            assert!(damaged, "{what}, number {index}: {result:?}");
        }
    }
}

#[test]
fn a_disk_that_its_table_does_not_cover_is_damage() {
    let large = Qcow2Forge::new(1 << 40);
    assert!(check(&large.clone().build(), Qcow2).is_ok());
    assert!(damage(&large.with(36, &1_u32.to_be_bytes()).build()).contains("level 1"));
}

#[test]
fn compression_must_be_of_a_known_kind_and_announced() {
    let long = || forge().with(100, &112_u32.to_be_bytes());
    assert!(check(&long().build(), Qcow2).is_ok());
    let zstd = long().with_features(1 << 3).with(104, &[1]);
    assert!(check(&zstd.build(), Qcow2).is_ok());
    let unannounced = long().with(104, &[1]);
    let pointless = long().with_features(1 << 3);
    let unknown = long().with_features(1 << 3).with(104, &[2]);
    let no_room = forge().with_features(1 << 3);
    for bad in [unannounced, pointless, unknown, no_room] {
        assert!(damage(&bad.build()).contains("compression"));
    }
}

#[test]
fn extensions_without_end_are_damage() {
    // 65,536 bytes of empty extensions.
    let bytes = forge().with(104, &b"abcd\0\0\0\0".repeat(8179)).build();
    assert!(damage(&bytes).contains("extensions"));
}

#[test]
fn an_empty_file_is_no_disk() {
    assert!(matches!(check(&[], Raw), Err(ImageError::Damaged { .. })));
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(
        verify(directory.path(), Raw),
        Err(ImageError::NotAFile)
    ));
    assert!(matches!(
        verify(Path::new("/dev/null"), Raw),
        Err(ImageError::NotAFile)
    ));
    let missing = verify(&directory.path().join("missing"), Raw);
    assert!(matches!(missing, Err(ImageError::Io(_))), "{missing:?}");
    #[cfg(unix)]
    {
        let (target, link) = (
            directory.path().join("target"),
            directory.path().join("link"),
        );
        std::fs::write(&target, [0; 512]).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(matches!(verify(&link, Raw), Err(ImageError::NotAFile)));
        assert!(verify(&target, Raw).is_ok());
        // A pipe nobody writes to: opening it would block for ever.
        let socket = directory.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(matches!(verify(&socket, Raw), Err(ImageError::NotAFile)));
    }
}

#[test]
fn a_base_must_fit_its_disk() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image");
    std::fs::write(&path, Qcow2Forge::new(1 << 40).build()).unwrap();
    let base = BaseImage {
        path,
        format: Qcow2,
    };
    assert!(verify_base(&base, Bytes::new(1 << 40)).is_ok());
    let small = verify_base(&base, Bytes::new((1 << 40) - 512)).unwrap_err();
    assert_eq!(
        small.to_string(),
        "the image's disk has 1099511627776 B, the disk for it 1099511627264 B"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_harmless(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        let _ = inspect(&mut Cursor::new(&bytes));
    }

    #[test]
    fn an_arbitrary_header_is_harmless(
        header in prop::collection::vec(any::<u8>(), 104),
        version in 2_u32..=3,
        cluster_bits in 9_u32..=21,
    ) {
        let mut bytes = forge().with(8, &header).build();
        bytes[4..8].copy_from_slice(&version.to_be_bytes());
        bytes[20..24].copy_from_slice(&cluster_bits.to_be_bytes());
        let _ = inspect(&mut Cursor::new(&bytes));
    }

    #[test]
    fn one_changed_byte_never_opens_a_reference(offset in 4_usize..200, value: u8) {
        let bytes = forge().with(offset, &[value]).build();
        if let Ok(found) = inspect(&mut Cursor::new(&bytes))
            && let Some(header) = found.qcow2
            && header.check_safe().is_ok()
        {
            prop_assert_eq!(&bytes[8..16], &[0; 8]);
            prop_assert_eq!(bytes[79] & 0b110, 0);
        }
    }
}

/// Makes images with QEMU's tool, and looks whether they are seen for what they are.
#[test]
#[ignore = "needs qemu-img"]
fn images_of_qemu_img_are_recognised() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image");
    let make = |format: &str, options: &str| {
        let _ = std::fs::remove_file(&path);
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's own tool, with its own input"
        )]
        let mut command = std::process::Command::new("qemu-img");
        command.args(["create", "-q", "-f", format]);
        if !options.is_empty() {
            command.args(["-o", options]);
        }
        let status = command
            .arg(&path)
            .arg("3G")
            .current_dir(directory.path())
            .status();
        assert!(status.unwrap().success(), "{format} {options}");
    };
    let good = [
        "",
        "compat=0.10",
        "compat=v3,lazy_refcounts=on",
        "cluster_size=512",
        "cluster_size=2M",
        "compression_type=zstd",
        "extended_l2=on,cluster_size=128k",
        "preallocation=metadata",
        "refcount_bits=1",
        "refcount_bits=64",
    ];
    for options in good {
        make("qcow2", options);
        let verified = verify(&path, Qcow2);
        let size = verified
            .unwrap_or_else(|error| panic!("{options}: {error}"))
            .virtual_size;
        assert_eq!(size, Bytes::new(3 << 30), "{options}");
        assert!(verify(&path, Raw).is_err());
    }
    std::fs::write(directory.path().join("base"), [0; 512]).unwrap();
    make("qcow2", "data_file=data");
    assert!(matches!(
        verify(&path, Qcow2),
        Err(ImageError::RefersElsewhere { .. })
    ));
    make("qcow2", "backing_file=base,backing_fmt=raw");
    assert!(matches!(
        verify(&path, Qcow2),
        Err(ImageError::RefersElsewhere { .. })
    ));
    make("raw", "");
    assert_eq!(
        verify(&path, Raw).unwrap().virtual_size,
        Bytes::new(3 << 30)
    );
    let others = [
        ("vmdk", "", "VMDK"),
        ("vmdk", "subformat=streamOptimized", "VMDK"),
        ("vmdk", "subformat=monolithicFlat", "VMDK"),
        ("vdi", "", "VDI"),
        ("vhdx", "", "VHDX"),
        ("vpc", "", "VHD"),
        ("vpc", "subformat=fixed", "VHD"),
        ("qed", "", "QED"),
        ("parallels", "", "Parallels"),
        ("qcow", "", "qcow version 1"),
    ];
    for (format, options, name) in others {
        make(format, options);
        let result = verify(&path, Raw);
        assert!(
            matches!(result, Err(ImageError::WrongFormat { found, .. }) if found == name),
            "{format} {options}: {result:?}"
        );
    }
}
