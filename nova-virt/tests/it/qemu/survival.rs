//! Guests outlive the process of their driver, whatever ends it.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nova_virt::guests;
use rustix::process::kill_process_group;
use tokio::signal::unix::{SignalKind, signal};

use super::*;

/// Tells the process that is to die where to work.
const PLACE: &str = "NOVA_VIRT_TEST_PLACE";

/// What the process that is to die does. Where nobody told it a place it does the same in one of
/// its own, and cleans up.
#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn the_process_that_dies() {
    match std::env::var_os(PLACE) {
        Some(place) => {
            // Under nohup a hang-up would be ignored, and the test would wait for ever.
            let mut hung_up = signal(SignalKind::hangup()).unwrap();
            let _driver = live_in(Path::new(&place)).await;
            hung_up.recv().await;
            std::process::exit(1)
        }
        None => {
            let place = Place::new();
            let spec = serde_json::to_string(&place.spec()).unwrap();
            std::fs::write(place.dir.path().join("spec.json"), spec).unwrap();
            let (driver, guest) = live_in(place.dir.path()).await;
            driver.destroy(guest, &Default::default()).await.unwrap();
            assert_eq!(driver.list().await.unwrap(), []);
        }
    }
}

/// Makes the guest that the place describes, and says so when it is up.
async fn live_in(place: &Path) -> (QemuHypervisor, GuestId) {
    let spec: VmSpec = read(&place.join("spec.json")).unwrap();
    let driver = QemuHypervisor::open(QemuConfig::new(place.join("guests")))
        .await
        .unwrap();
    spawned(&driver, &spec).await;
    says(&driver, spec.id, guests::SERIAL_UP, 1).await;
    std::fs::write(place.join("ready"), "").unwrap();
    (driver, spec.id)
}

fn read(path: &Path) -> Option<VmSpec> {
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a process of the test's own, to be killed"
)]
fn start(place: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "qemu::survival::the_process_that_dies",
            "--include-ignored",
            "--nocapture",
        ])
        .env(PLACE, place)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap()
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn guests_outlive_their_drivers_process() {
    // As a Ctrl-C at the terminal, as its hanging up, and without any warning.
    for last in [Signal::INT, Signal::HUP, Signal::KILL] {
        let place = Place::new();
        let spec = place.spec();
        std::fs::write(
            place.dir.path().join("spec.json"),
            serde_json::to_string(&spec).unwrap(),
        )
        .unwrap();
        let mut child = start(place.dir.path());
        let ready = async {
            while !place.dir.path().join("ready").exists() {
                assert!(child.try_wait().unwrap().is_none(), "it ended too early");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.unwrap();
        let refused = QemuHypervisor::open(place.config()).await.unwrap_err();
        assert!(refused.retryable(), "{refused:?}");

        let group = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process_group(group, last).unwrap();
        assert!(!child.wait().unwrap().success());
        let pid = pid_of(spec.id);

        let driver = place.open().await;
        assert_eq!(state(&driver, spec.id).await, PowerState::Running);
        assert_eq!(pid_of(spec.id), pid);
        driver
            .power_off(spec.id, nova_virt::PowerOff::Graceful(PATIENCE))
            .await
            .unwrap();
        says(&driver, spec.id, guests::SERIAL_DOWN, 1).await;
        destroyed(&driver, spec.id).await;
        assert!(place.leftovers().is_empty());
    }
}

/// Killed at any moment of a spawn, the process leaves a guest that is whole, or none.
#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_spawn_that_was_cut_off_is_whole_or_nothing() {
    let (mut whole, mut nothing) = (0, 0);
    for moment in [0, 5, 15, 30, 45, 60, 80, 110, 150, 250, 500] {
        let place = Place::new();
        let spec = place.spec();
        std::fs::write(
            place.dir.path().join("spec.json"),
            serde_json::to_string(&spec).unwrap(),
        )
        .unwrap();
        let mut child = start(place.dir.path());
        let begun = async {
            while !place.root().join(format!(".new-{}", spec.id)).exists() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, begun).await.unwrap();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        child.kill().unwrap();
        child.wait().unwrap();

        let driver = place.open().await;
        match driver.inspect(spec.id).await {
            Ok(guest) => {
                whole += 1;
                assert_eq!(guest.power_state, PowerState::Running);
                assert_eq!(place.leftovers().len(), 2, "a directory and a process");
            }
            Err(error) => {
                nothing += 1;
                assert!(
                    matches!(error, nova_virt::Error::NotFound { .. }),
                    "{error:?}"
                );
                assert_eq!(place.leftovers(), [""; 0]);
            }
        }
        spawned(&driver, &spec).await;
        says(&driver, spec.id, guests::SERIAL_UP, 1).await;
        destroyed(&driver, spec.id).await;
        assert!(place.leftovers().is_empty());
    }
    println!("{whole} whole, {nothing} undone");
}
