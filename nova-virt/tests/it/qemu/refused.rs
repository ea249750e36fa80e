//! What the driver refuses, and programs that fail. None of these needs QEMU.

use nova_virt::Error;
use nova_virt::qemu::QemuError;

use super::*;

/// A program that says it is QEMU and then does something else.
///
/// Another process writes it: a descriptor of this one could be on its way into a program that
/// another test starts, and a file that is open for writing cannot be run.
#[expect(clippy::disallowed_methods, reason = "a tool of the tests alone")]
fn impostor(place: &Place, name: &str, script: &str) -> PathBuf {
    let path = place.dir.path().join(name);
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = -version ]; then echo version 7.2.0; exit; fi\n{script}\n"
    );
    let status = std::process::Command::new("/bin/sh")
        .args([
            "-c",
            "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"",
            "sh",
            &text,
        ])
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    path
}

fn source(error: &Error) -> &QemuError {
    let Error::Backend { source, .. } = error else {
        panic!("{error:?}")
    };
    source.downcast_ref().unwrap()
}

#[tokio::test]
async fn a_machine_without_qemu_is_told_so_with_a_hint() {
    let place = Place::new();
    let real = impostor(&place, "qemu", "");
    let cases = [
        place
            .config()
            .with_qemu("no-such-qemu")
            .with_qemu_img(&real),
        place
            .config()
            .with_qemu(&real)
            .with_qemu_img("/no/such/qemu-img"),
    ];
    for config in cases {
        let error = QemuHypervisor::detect(&config).await.unwrap_err();
        assert!(matches!(error, QemuError::NotInstalled { .. }), "{error:?}");
        assert!(error.hint().unwrap().contains("apt install"));
        let error = QemuHypervisor::open(config).await.unwrap_err();
        assert!(
            matches!(source(&error), QemuError::NotInstalled { .. }),
            "{error:?}"
        );
        assert!(!error.retryable());
        assert!(!place.root().exists(), "nothing was changed");
    }
}

#[tokio::test]
async fn a_root_is_for_one_driver_and_nobody_else() {
    let place = Place::new();
    let qemu = impostor(&place, "qemu", "");
    let config = place.config().with_qemu(&qemu).with_qemu_img(&qemu);
    let driver = QemuHypervisor::open(config.clone()).await.unwrap();
    let error = QemuHypervisor::open(config.clone()).await.unwrap_err();
    assert!(
        matches!(source(&error), QemuError::RootInUse { .. }),
        "{error:?}"
    );
    drop(driver);
    let driver = QemuHypervisor::open(config).await.unwrap();
    assert_eq!(driver.installation().version.number(), 7_002_000);
    let inventory = driver.inventory().await.unwrap();
    assert_eq!(inventory.hypervisor.version, 7_002_000);
    assert!(inventory.traits.contains("COMPUTE_IMAGE_TYPE_QCOW2"));
}

#[tokio::test]
async fn programs_that_fail_or_hang_leave_nothing() {
    let place = Place::new();
    let touch = impostor(&place, "qemu-img-ok", "exit 0");
    let fails = impostor(&place, "fails", "echo I will not >&2; exit 7");
    let hangs = impostor(&place, "hangs", "exec sleep 600");
    let spins = impostor(&place, "spins", "while :; do :; done");
    let short = Duration::from_millis(300);
    let config =
        |qemu: &Path, qemu_img: &Path| place.config().with_qemu(qemu).with_qemu_img(qemu_img);
    let cases = [
        (config(&fails, &touch), "I will not"),
        (
            config(&hangs, &touch).with_start_deadline(short),
            "within 300 ms",
        ),
        (config(&touch, &fails), "I will not (exit status: 7)"),
        (
            config(&touch, &hangs).with_image_deadline(short),
            "within 300 ms",
        ),
        (
            config(&touch, &spins).with_image_deadline(short),
            "within 300 ms",
        ),
    ];
    for (config, expected) in cases {
        let driver = QemuHypervisor::open(config).await.unwrap();
        let spec = place.spec();
        let error = driver
            .spawn(&spec, &SpawnOptions::default())
            .await
            .unwrap_err();
        let text = match &error {
            Error::Backend { source, .. } => source.to_string(),
            Error::TimedOut { .. } => error.to_string(),
            other => panic!("{other:?}"),
        };
        assert!(
            text.contains(expected),
            "{text:?} does not tell {expected:?}"
        );
        assert_eq!(driver.list().await.unwrap(), []);
        assert!(matches!(
            driver.inspect(spec.id).await,
            Err(Error::NotFound { .. })
        ));
        assert_eq!(place.leftovers(), [""; 0]);
    }
}

#[tokio::test]
async fn a_base_that_could_be_taken_for_something_else_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let qemu = impostor(&place, "qemu", "exit 1");
    let driver = QemuHypervisor::open(place.config().with_qemu(&qemu).with_qemu_img(&qemu))
        .await
        .unwrap();
    let hostile = std::ffi::OsStr::from_bytes(b"/\xff");
    for path in [
        Path::new("serial.img"),
        Path::new("nbd:127.0.0.1:1"),
        Path::new("json:{}"),
        Path::new(hostile),
    ] {
        let mut spec = place.spec();
        spec.disks[0].base = Some(BaseImage {
            path: path.to_owned(),
            format: DiskFormat::Raw,
        });
        let error = driver
            .spawn(&spec, &SpawnOptions::default())
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                Error::Invalid {
                    field: "disk base",
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(error.same_elsewhere());
    }
    assert!(place.leftovers().is_empty());
}
