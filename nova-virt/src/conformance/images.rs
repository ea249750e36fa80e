//! Images that are not what they are said to be.

use std::path::Path;

use nova_core::model::DiskFormat;
use nova_core::units::Bytes;

use super::Harness;
use super::forge::Qcow2Forge;
use super::harness::{assert_power_state, destroyed, listed};
use crate::PowerState;
use crate::error::Error;
use crate::hypervisor::{Hypervisor, SpawnOptions};
use crate::image::ImageError;
use crate::spec::{BaseImage, DiskSpec, VmSpec};

const MIB: u64 = 1 << 20;

/// A base that is not there is refused.
pub async fn missing_image_is_refused(driver: &dyn Hypervisor, harness: &Harness) {
    for format in [DiskFormat::Raw, DiskFormat::Qcow2] {
        let path = harness.directory.join("no-such-image");
        let error = refused(driver, harness, &path, format).await;
        assert!(matches!(error, ImageError::Io(_)), "{error:?}");
    }
}

/// Bytes of another format than the declared one are refused, in both directions.
pub async fn lying_images_are_refused(driver: &dyn Hypervisor, harness: &Harness) {
    let qcow2 = Qcow2Forge::new(MIB).build();
    let mut vmdk = vec![0; 65_536];
    vmdk[..4].copy_from_slice(b"KDMV");
    let descriptor = b"# Disk DescriptorFile\nversion=1\nRW 1 FLAT \"/etc/passwd\" 0\n".repeat(20);
    let cases: [(&str, &[u8], DiskFormat); 5] = [
        ("qcow2-as-raw", &qcow2, DiskFormat::Raw),
        ("vmdk-as-raw", &vmdk, DiskFormat::Raw),
        ("descriptor-as-raw", &descriptor, DiskFormat::Raw),
        ("raw-as-qcow2", &[0; 65_536], DiskFormat::Qcow2),
        ("vmdk-as-qcow2", &vmdk, DiskFormat::Qcow2),
    ];
    for (name, bytes, declared) in cases {
        let path = harness.write(name, bytes);
        let error = refused(driver, harness, &path, declared).await;
        assert!(
            matches!(error, ImageError::WrongFormat { declared: told, .. } if told == declared),
            "{name}: {error:?}"
        );
    }
}

/// Images that name another file are refused, and that file is not opened.
pub async fn images_that_refer_elsewhere_are_refused(driver: &dyn Hypervisor, harness: &Harness) {
    let secret = harness.write("secret", &[b's'; 65_536]);
    let secret = secret
        .to_str()
        .expect("the harness's directory has a plain name");
    let cases = [
        (
            "backing-file",
            Qcow2Forge::new(MIB).with_backing_file(secret).build(),
        ),
        (
            "backing-nbd",
            Qcow2Forge::new(MIB)
                .with_backing_file("nbd:127.0.0.1:1")
                .build(),
        ),
        (
            "data-file",
            Qcow2Forge::new(MIB).with_features(1 << 2).build(),
        ),
    ];
    for (name, bytes) in cases {
        let path = harness.write(name, &bytes);
        let error = refused(driver, harness, &path, DiskFormat::Qcow2).await;
        assert!(
            matches!(error, ImageError::RefersElsewhere { .. }),
            "{name}: {error:?}"
        );
    }
}

/// Images that are cut off or need unknown features are refused.
pub async fn damaged_images_are_refused(driver: &dyn Hypervisor, harness: &Harness) {
    let whole = Qcow2Forge::new(MIB);
    let unknown = whole.clone().with_features(1 << 63).build();
    let path = harness.write("unknown-features", &unknown);
    let error = refused(driver, harness, &path, DiskFormat::Qcow2).await;
    assert!(
        matches!(error, ImageError::UnknownFeatures { .. }),
        "{error:?}"
    );

    let cases = [
        ("empty-raw", Vec::new(), DiskFormat::Raw),
        (
            "cut-off",
            whole.clone().build()[..60].to_vec(),
            DiskFormat::Qcow2,
        ),
        (
            "giant",
            whole.with(24, &u64::MAX.to_be_bytes()).build(),
            DiskFormat::Qcow2,
        ),
    ];
    for (name, bytes, format) in cases {
        let path = harness.write(name, &bytes);
        let error = refused(driver, harness, &path, format).await;
        assert!(
            matches!(error, ImageError::Damaged { .. }),
            "{name}: {error:?}"
        );
    }
}

/// A directory and, where there are such, a symbolic link are refused.
pub async fn what_is_no_regular_file_is_refused(driver: &dyn Hypervisor, harness: &Harness) {
    let mut paths = vec![harness.directory.clone()];
    #[cfg(unix)]
    {
        let target = harness.write("target", &[0; 65_536]);
        let link = harness.directory.join("link");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(target, &link).unwrap();
        paths.push(link);
    }
    for path in paths {
        let error = refused(driver, harness, &path, DiskFormat::Raw).await;
        assert!(matches!(error, ImageError::NotAFile), "{error:?}");
    }
}

/// A disk that is smaller than what is to be on it is refused.
pub async fn disk_smaller_than_its_base_is_refused(driver: &dyn Hypervisor, harness: &Harness) {
    let raw = harness.write("large-raw", &[0; 2 << 20]);
    let qcow2 = harness.write("large-qcow2", &Qcow2Forge::new(1 << 40).build());
    for (path, format) in [(raw, DiskFormat::Raw), (qcow2, DiskFormat::Qcow2)] {
        let error = refused(driver, harness, &path, format).await;
        assert!(matches!(error, ImageError::TooLarge { .. }), "{error:?}");
    }
}

/// A spawn that was refused leaves its id free for one that is right.
pub async fn refused_spawn_can_be_put_right(driver: &dyn Hypervisor, harness: &Harness) {
    let right = harness.spec();
    let wrong = with_base(
        right.clone(),
        &harness.directory.join("nowhere"),
        DiskFormat::Raw,
    );
    assert!(
        driver
            .spawn(&wrong, &SpawnOptions::default())
            .await
            .is_err()
    );
    driver
        .spawn(&right, &SpawnOptions::default())
        .await
        .unwrap();
    assert_power_state(driver, right.id, PowerState::Running).await;
    destroyed(driver, right.id).await;
}

/// Spawns a guest with this base on a disk of 1 MiB, which must be refused for the image's sake.
async fn refused(
    driver: &dyn Hypervisor,
    harness: &Harness,
    path: &Path,
    format: DiskFormat,
) -> ImageError {
    let spec = with_base(harness.spec(), path, format);
    let result = driver.spawn(&spec, &SpawnOptions::default()).await;
    assert_eq!(
        listed(driver, spec.id).await,
        None,
        "a refused guest is listed"
    );
    match result {
        Err(Error::Image(error)) => error,
        other => panic!(
            "{} as {format} was not refused for what it is: {other:?}",
            path.display()
        ),
    }
}

fn with_base(mut spec: VmSpec, path: &Path, format: DiskFormat) -> VmSpec {
    let base = BaseImage {
        path: path.to_owned(),
        format,
    };
    spec.disks = vec![DiskSpec {
        size: Bytes::new(MIB),
        base: Some(base),
    }];
    spec
}
