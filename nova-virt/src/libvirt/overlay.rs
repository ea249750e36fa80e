//! Making disks: the one place that calls `qemu-img`.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::error::LibvirtError;
use super::{blocking, place, program, text};
use crate::error::{Error, Result};
use crate::image;
use crate::spec::{DiskSpec, VmSpec};

/// Checks the images that disks are made from, before anything is made. Blocks, briefly.
pub(super) fn verify_bases(spec: &VmSpec) -> Result<()> {
    for disk in &spec.disks {
        let Some(base) = &disk.base else { continue };
        // A relative one would be looked for in the guest's directory, and one with a colon in it
        // would be taken for a protocol.
        if !base.path.is_absolute() {
            return Err(Error::invalid("disk base", "its path is not absolute"));
        }
        if !base.path.to_str().is_some_and(text::survives) {
            return Err(Error::invalid(
                "disk base",
                "its path has characters that libvirt cannot keep",
            ));
        }
        image::verify_base(base, disk.size)?;
    }
    Ok(())
}

/// Makes a guest's disks in its directory.
pub(super) async fn create(
    qemu_img: &Path,
    spec: &VmSpec,
    directory: &Path,
    deadline: Duration,
) -> Result<(), LibvirtError> {
    for (index, disk) in spec.disks.iter().enumerate() {
        let arguments = arguments(index, disk);
        program::run("qemu-img", qemu_img, &arguments, directory, deadline).await?;
        let file = directory.join(place::disk(index));
        blocking::run(move || std::fs::set_permissions(file, Permissions::from_mode(0o600)))
            .await?
            .map_err(LibvirtError::io("close a disk to others"))?;
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
    arguments.push(place::disk(index).into());
    arguments.push(disk.size.get().to_string().into());
    arguments
}

#[cfg(test)]
mod tests {
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
}
