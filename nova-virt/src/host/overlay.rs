//! Making disks: the one place that calls `qemu-img`.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::{HostError, blocking, place, program};
use crate::error::{Error, Result};
use crate::image;
use crate::spec::{DiskSpec, VmSpec};

const DISK: &str = "disk-";
const QCOW2: &str = ".qcow2";

/// The file of a guest's disk.
pub(crate) fn disk_name(index: usize) -> String {
    format!("{DISK}{index}{QCOW2}")
}

/// Whether this is the name of such a file.
pub(crate) fn is_disk_name(name: &[u8]) -> bool {
    let index = name
        .strip_prefix(DISK.as_bytes())
        .and_then(|rest| rest.strip_suffix(QCOW2.as_bytes()));
    index.is_some_and(|index| !index.is_empty() && index.iter().all(u8::is_ascii_digit))
}

/// Checks the images that disks are made from, before anything is made. Blocks, briefly.
pub(crate) fn verify_bases(spec: &VmSpec) -> Result<()> {
    for disk in &spec.disks {
        let Some(base) = &disk.base else { continue };
        // A relative one would be looked for in the guest's directory, and one with a colon in it
        // would be taken for a protocol.
        if !base.path.is_absolute() {
            return Err(Error::invalid("disk base", "its path is not absolute"));
        }
        if base.path.to_str().is_none() {
            return Err(Error::invalid("disk base", "its path is not UTF-8"));
        }
        image::verify_base(base, disk.size)?;
    }
    Ok(())
}

/// Makes a guest's disks in its directory, closed to others from the beginning: `qemu-img` writes
/// into files that are there.
pub(crate) async fn create(
    qemu_img: &Path,
    spec: &VmSpec,
    directory: &Path,
    deadline: Duration,
) -> Result<(), HostError> {
    for (index, disk) in spec.disks.iter().enumerate() {
        let file = directory.join(disk_name(index));
        blocking::run(move || place::make_file(&file))
            .await?
            .map_err(HostError::io("make a disk"))?;
        let arguments = arguments(index, disk);
        program::run("qemu-img", qemu_img, &arguments, directory, deadline).await?;
    }
    Ok(())
}

/// Formats are always said and never guessed; the base, which was verified before, is not even
/// opened (`-u`).
fn arguments(index: usize, disk: &DiskSpec) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["create", "-q", "-f", "qcow2"].map(OsString::from).into();
    if let Some(base) = &disk.base {
        arguments.extend(["-u", "-F", base.format.as_str(), "-b"].map(OsString::from));
        arguments.push(base.path.clone().into());
    }
    arguments.push(disk_name(index).into());
    arguments.push(disk.size.get().to_string().into());
    arguments
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use nova_core::model::DiskFormat;
    use nova_core::units::Bytes;

    use super::*;
    use crate::spec::BaseImage;

    fn disk(base: Option<&str>) -> DiskSpec {
        let base = base.map(|path| BaseImage {
            path: path.into(),
            format: DiskFormat::Raw,
        });
        DiskSpec {
            size: Bytes::new(512),
            base,
        }
    }

    #[test]
    fn formats_are_always_said() {
        let expected = "create -q -f qcow2 -u -F raw -b /images/-b,x disk-1.qcow2 512";
        assert_eq!(
            arguments(1, &disk(Some("/images/-b,x"))).join(" ".as_ref()),
            expected
        );
        let expected = "create -q -f qcow2 disk-0.qcow2 512";
        assert_eq!(arguments(0, &disk(None)).join(" ".as_ref()), expected);
    }

    #[test]
    fn a_disk_is_known_by_its_name() {
        assert!(is_disk_name(disk_name(12).as_bytes()));
        for other in ["disk-.qcow2", "disk-1", "disk-x.qcow2", "/disk-1.qcow2"] {
            assert!(!is_disk_name(other.as_bytes()), "{other}");
        }
    }

    #[tokio::test]
    async fn a_disk_is_closed_to_others_whatever_makes_it() {
        let dir = tempfile::tempdir().unwrap();
        let spec = VmSpec {
            id: crate::guest::GuestId::from_uuid(uuid::Uuid::nil()),
            name: String::new(),
            vcpus: 1,
            memory: nova_core::units::Mebibytes::new(1),
            disks: vec![disk(None)],
            nics: Vec::new(),
        };
        let make = || {
            let deadline = Duration::from_secs(10);
            create(Path::new("/bin/true"), &spec, dir.path(), deadline)
        };
        make().await.unwrap();
        let meta = std::fs::metadata(dir.path().join(disk_name(0))).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        assert!(matches!(make().await, Err(HostError::Io { .. })));
    }
}
