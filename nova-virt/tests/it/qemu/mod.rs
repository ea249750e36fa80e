//! The QEMU driver with real guests, and with programs that only claim to be QEMU.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests: a panic is how they report"
)]

#[cfg(feature = "conformance")]
mod conformance;
mod rediscovery;
mod refused;
mod running;
mod survival;

use std::path::{Path, PathBuf};
use std::time::Duration;

use nova_core::Env;
use nova_core::units::{Bytes, Mebibytes};
use nova_virt::qemu::{QemuConfig, QemuHypervisor};
use nova_virt::{
    BaseImage, DestroyOptions, DiskFormat, DiskSpec, EventKind, Events, Guest, GuestId, Hypervisor,
    HypervisorExt, NicSpec, PowerState, SpawnOptions, VmSpec, guests,
};
use rustix::process::{Pid, Signal, kill_process};

/// What should happen does so within this time, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A place for a driver and images.
struct Place {
    env: Env,
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            env: Env::system(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("guests")
    }

    fn config(&self) -> QemuConfig {
        QemuConfig::new(self.root())
    }

    async fn open(&self) -> QemuHypervisor {
        QemuHypervisor::open(self.config()).await.unwrap()
    }

    /// An image to boot from.
    fn image(&self, name: &str, boot_sector: &[u8]) -> BaseImage {
        let path = self.dir.path().join(name);
        let mut bytes = boot_sector.to_vec();
        bytes.resize(1 << 20, 0);
        bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
        std::fs::write(&path, bytes).unwrap();
        BaseImage {
            path,
            format: DiskFormat::Raw,
        }
    }

    /// A guest that boots from the image.
    fn spec_on(&self, base: BaseImage) -> VmSpec {
        VmSpec {
            id: GuestId::from_uuid(self.env.uuid()),
            name: "tester's, guest=1".to_owned(),
            vcpus: 1,
            memory: Mebibytes::new(64),
            disks: vec![DiskSpec {
                size: Bytes::new(1 << 20),
                base: Some(base),
            }],
            nics: vec![NicSpec {
                mac: [0x52, 0x54, 0, 0, 0, 1],
            }],
        }
    }

    /// A guest that boots from the serial boot sector.
    fn spec(&self) -> VmSpec {
        self.spec_on(self.image("serial.img", guests::SERIAL))
    }

    /// What is left of guests: files and processes.
    fn leftovers(&self) -> Vec<String> {
        leftovers(&self.root())
    }
}

fn leftovers(root: &Path) -> Vec<String> {
    let root = root.canonicalize().unwrap();
    let names = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut left: Vec<String> = names
        .map(|name| name.into_string().unwrap())
        .filter(|name| name != ".lock")
        .collect();
    for (pid, cwd) in processes() {
        if cwd.starts_with(&root) {
            left.push(format!("process {pid}"));
        }
    }
    left
}

/// Processes that have not ended, with the directory in which they work.
fn processes() -> Vec<(i32, PathBuf)> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: i32| Some((pid, std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?)))
        .collect()
}

/// The process of a guest.
fn pid_of(id: GuestId) -> i32 {
    let name = id.to_string();
    let found: Vec<i32> = processes()
        .into_iter()
        .filter(|(_, cwd)| cwd.to_string_lossy().contains(&name))
        .map(|(pid, _)| pid)
        .collect();
    assert_eq!(found.len(), 1, "processes of {id}: {found:?}");
    found[0]
}

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

async fn spawned(driver: &QemuHypervisor, spec: &VmSpec) -> Guest {
    let guest = driver.spawn(spec, &SpawnOptions::default()).await.unwrap();
    assert_eq!(guest.power_state, PowerState::Running);
    guest
}

async fn destroyed(driver: &QemuHypervisor, id: GuestId) {
    driver
        .destroy(id, &DestroyOptions::default())
        .await
        .unwrap();
}

async fn state(driver: &QemuHypervisor, id: GuestId) -> PowerState {
    driver.inspect(id).await.unwrap().power_state
}

/// Waits until the guest has written the line so often.
async fn says(driver: &QemuHypervisor, id: GuestId, line: &str, times: usize) {
    let saying = async {
        loop {
            let log = driver.read_console(id, usize::MAX).await.unwrap();
            if String::from_utf8_lossy(&log).matches(line).count() >= times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, saying).await.is_ok(),
        "no {line:?}, {times} times"
    );
}

/// Waits for the guest to be in the state.
async fn becomes(driver: &QemuHypervisor, id: GuestId, wanted: PowerState) {
    let becoming = async {
        while state(driver, id).await != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, becoming).await;
    assert!(
        in_time.is_ok(),
        "it is {} and not {wanted}",
        state(driver, id).await
    );
}

/// The next event, which must be of the guest.
async fn next_event(events: &mut Events, id: GuestId) -> EventKind {
    let event = tokio::time::timeout(PATIENCE, events.next())
        .await
        .expect("an event comes");
    let event = event.expect("the driver is there").expect("none is missed");
    assert_eq!(event.guest, id);
    event.kind
}
