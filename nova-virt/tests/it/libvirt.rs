//! The libvirt driver with real guests. `scripts/services` says where its libvirt is.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests: a panic is how they report"
)]

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use nova_core::Env;
use nova_core::units::{Bytes, Mebibytes};
use nova_virt::libvirt::{LibvirtConfig, LibvirtError, LibvirtHypervisor};
use nova_virt::{
    BaseImage, DestroyOptions, DiskFormat, DiskSpec, Error, EventKind, Events, Guest, GuestId,
    Hypervisor, HypervisorExt, NicSpec, PowerOff, PowerState, Reboot, SpawnOptions, VmSpec, guests,
};
use rustix::process::{Pid, Signal, kill_process};
use virt::connect::Connect;
use virt::domain::Domain;

/// What should happen does so within this time, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(90);

fn uri() -> String {
    std::env::var("NOVA_TEST_LIBVIRT_URI").expect("NOVA_TEST_LIBVIRT_URI is set")
}

/// A connection of the tests' own, to look behind the driver's back. It is opened when a driver is
/// there already, who has started the event loop; and once, since libvirt's embedded driver takes
/// only some sixteen openings in the life of a process.
fn by_the_side() -> &'static Connect {
    static CONNECT: OnceLock<Connect> = OnceLock::new();
    CONNECT.get_or_init(|| Connect::open(Some(&uri())).unwrap())
}

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

    fn guests(&self) -> PathBuf {
        self.dir.path().join("guests")
    }

    fn config(&self) -> LibvirtConfig {
        LibvirtConfig::new(uri(), self.guests())
    }

    async fn open(&self) -> LibvirtHypervisor {
        LibvirtHypervisor::open(self.config()).await.unwrap()
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
            name: "<tester's> & \"guest\"".to_owned(),
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

    /// What is left of guests: files, processes and domains.
    fn leftovers(&self) -> Vec<String> {
        leftovers(&self.guests())
    }
}

fn leftovers(directory: &Path) -> Vec<String> {
    let directory = directory.canonicalize().unwrap();
    let names = std::fs::read_dir(&directory).unwrap();
    let mut left: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".lock")
        .collect();
    let text = directory.to_str().unwrap();
    let processes = processes().into_iter();
    left.extend(
        processes
            .filter(|(_, line)| line.contains(text))
            .map(|(pid, _)| format!("process {pid}")),
    );
    for domain in by_the_side().list_all_domains(0).unwrap() {
        // Others' may go at any moment.
        if domain.xml_desc(0).is_ok_and(|xml| xml.contains(text)) {
            left.push(format!("domain {}", domain.name().unwrap()));
        }
    }
    left
}

/// Processes with their command lines.
fn processes() -> Vec<(i32, String)> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        Some((pid, String::from_utf8_lossy(&line).into_owned()))
    })
    .collect()
}

/// What looks like a program that makes a guest's disk. It waits for input that never comes.
#[expect(clippy::disallowed_methods, reason = "a tool of the tests alone")]
fn disk_maker(directory: &Path) -> std::process::Child {
    std::process::Command::new("/bin/sh")
        .args(["-c", "read line", "create", "disk-0.qcow2"])
        .current_dir(directory)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap()
}

/// The process of a guest.
fn pid_of(id: GuestId) -> Pid {
    let name = format!("guest={id}");
    let found: Vec<i32> = processes()
        .into_iter()
        .filter(|(_, line)| line.contains("qemu") && line.contains(&name))
        .map(|(pid, _)| pid)
        .collect();
    assert_eq!(found.len(), 1, "processes of {id}: {found:?}");
    Pid::from_raw(found[0]).unwrap()
}

/// Does as an administrator would.
async fn by_hand<T: Send + 'static>(
    id: GuestId,
    work: impl FnOnce(&Domain) -> Result<T, virt::error::Error> + Send + 'static,
) -> T {
    let done = tokio::task::spawn_blocking(move || {
        let domain = by_the_side().lookup_domain_by_uuid(*id.as_uuid()).unwrap();
        work(&domain).unwrap()
    });
    done.await.unwrap()
}

async fn spawned(driver: &LibvirtHypervisor, spec: &VmSpec) -> Guest {
    let guest = driver.spawn(spec, &SpawnOptions::default()).await.unwrap();
    assert_eq!(guest.power_state, PowerState::Running);
    guest
}

async fn destroyed(driver: &LibvirtHypervisor, id: GuestId) {
    driver
        .destroy(id, &DestroyOptions::default())
        .await
        .unwrap();
}

async fn state(driver: &LibvirtHypervisor, id: GuestId) -> PowerState {
    driver.inspect(id).await.unwrap().power_state
}

/// Waits until the guest has written the line so often.
async fn says(driver: &LibvirtHypervisor, id: GuestId, line: &str, times: usize) {
    let saying = async {
        loop {
            let log = driver.read_console(id, usize::MAX).await.unwrap();
            if String::from_utf8_lossy(&log).matches(line).count() >= times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, saying).await;
    assert!(in_time.is_ok(), "no {line:?}, {times} times");
}

/// Waits for the guest to be in the state.
async fn becomes(driver: &LibvirtHypervisor, id: GuestId, wanted: PowerState) {
    let becoming = async {
        while state(driver, id).await != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, becoming).await;
    let now = state(driver, id).await;
    assert!(in_time.is_ok(), "it is {now} and not {wanted}");
}

/// The next event, which must be of the guest if one is given.
async fn next_event(events: &mut Events, id: Option<GuestId>) -> EventKind {
    let event = tokio::time::timeout(PATIENCE, events.next())
        .await
        .expect("an event comes");
    let event = event.expect("the driver is there").expect("none is missed");
    assert!(id.is_none_or(|id| event.guest == id), "{event:?}");
    event.kind
}

/// What libvirt said.
fn cause(error: &Error) -> &LibvirtError {
    error.source().unwrap().downcast_ref().unwrap()
}

#[cfg(feature = "conformance")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
async fn it_conforms() {
    use nova_virt::conformance::{Harness, all};

    let place = Place::new();
    let driver = place.open().await;
    let directory = place.guests();
    let images = tempfile::tempdir().unwrap();
    let base = place.image("serial.img", guests::SERIAL);
    let harness = Harness::new(&place.env, images.path())
        .with_base(base, Bytes::new(1 << 20))
        .with_console(guests::SERIAL_UP, guests::SERIAL_DOWN)
        .with_patience(PATIENCE)
        .with_leftovers(move || leftovers(&directory));
    let cases = all(&driver, &harness).await;
    assert!(cases > 30, "{cases}");
}

#[tokio::test]
#[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
async fn another_driver_finds_all_guests_again() {
    let place = Place::new();
    let driver = place.open().await;
    let [running, paused, off, gone] = [place.spec(), place.spec(), place.spec(), place.spec()];
    for spec in [&running, &paused, &off, &gone] {
        spawned(&driver, spec).await;
    }
    says(&driver, running.id, guests::SERIAL_UP, 1).await;
    driver.pause_guest(paused.id).await.unwrap();
    driver.power_off(off.id, PowerOff::Hard).await.unwrap();
    let pid = pid_of(running.id);

    let refused = LibvirtHypervisor::open(place.config()).await.unwrap_err();
    assert!(refused.retryable(), "{refused:?}");
    let in_use = matches!(cause(&refused), LibvirtError::DirectoryInUse { .. });
    assert!(in_use, "{refused:?}");
    drop(driver);

    // What happened while nobody watched is known too.
    kill_process(pid_of(gone.id), Signal::KILL).unwrap();
    let driver = place.open().await;
    let mut events = driver.events();
    for (spec, expected) in [
        (&running, PowerState::Running),
        (&paused, PowerState::Paused),
        (&off, PowerState::Shutdown),
    ] {
        let guest = driver.inspect(spec.id).await.unwrap();
        assert_eq!((&guest.name, guest.power_state), (&spec.name, expected));
        let again = driver.spawn(spec, &SpawnOptions::default()).await.unwrap();
        assert_eq!(again, guest);
    }
    becomes(&driver, gone.id, PowerState::Crashed).await;
    assert_eq!(pid_of(running.id), pid);

    // It is watched again, and does as it is told.
    driver.unpause_guest(paused.id).await.unwrap();
    let resumed = async { while next_event(&mut events, None).await != EventKind::Resumed {} };
    resumed.await;
    let graceful = PowerOff::Graceful(PATIENCE);
    driver.power_off(running.id, graceful).await.unwrap();
    says(&driver, running.id, guests::SERIAL_DOWN, 1).await;
    driver.power_on(gone.id).await.unwrap();
    for spec in [&running, &paused, &off, &gone] {
        destroyed(&driver, spec.id).await;
    }
    assert_eq!(place.leftovers(), [""; 0]);
}

#[tokio::test]
#[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
async fn a_guest_whose_qemu_is_killed_has_crashed() {
    let place = Place::new();
    let driver = place.open().await;
    let mut events = driver.events();
    let spec = place.spec();
    spawned(&driver, &spec).await;
    let id = Some(spec.id);
    assert_eq!(next_event(&mut events, id).await, EventKind::Started);
    kill_process(pid_of(spec.id), Signal::KILL).unwrap();
    assert_eq!(next_event(&mut events, id).await, EventKind::Crashed);
    assert_eq!(state(&driver, spec.id).await, PowerState::Crashed);

    // Also to the next driver, and until somebody starts it.
    drop(driver);
    let driver = place.open().await;
    let mut events = driver.events();
    assert_eq!(state(&driver, spec.id).await, PowerState::Crashed);
    driver.power_off(spec.id, PowerOff::Hard).await.unwrap();
    assert_eq!(state(&driver, spec.id).await, PowerState::Crashed);
    driver.power_on(spec.id).await.unwrap();
    assert_eq!(next_event(&mut events, id).await, EventKind::Started);
    says(&driver, spec.id, guests::SERIAL_UP, 1).await;
    // Its process is asked to end, as when the machine goes down: that is no crash.
    kill_process(pid_of(spec.id), Signal::TERM).unwrap();
    assert_eq!(next_event(&mut events, id).await, EventKind::Stopped);
    destroyed(&driver, spec.id).await;
    assert_eq!(place.leftovers(), [""; 0]);
}

#[tokio::test]
#[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
async fn what_a_guest_does_to_itself_is_told_apart() {
    // mov cx, 9; sti; hlt; loop back to the sti; mov dx, 0x604; mov ax, 0x2000; out dx, ax; hlt;
    // jmp back to the hlt. It rests for half a second first: to libvirt, a guest that ends before
    // it has done with starting it was not started.
    let off = [
        0xb9, 0x09, 0x00, 0xfb, 0xf4, 0xe2, 0xfc, 0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4,
        0xeb, 0xfd,
    ];
    // mov al, 0xfe; out 0x64, al; hlt; jmp back to the hlt
    let reset = [0xb0, 0xfe, 0xe6, 0x64, 0xf4, 0xeb, 0xfd];
    let place = Place::new();
    let driver = place.open().await;
    let mut events = driver.events();
    let spec = place.spec_on(place.image("off.img", &off));
    spawned(&driver, &spec).await;
    let id = Some(spec.id);
    for _ in 0..2 {
        assert_eq!(next_event(&mut events, id).await, EventKind::Started);
        assert_eq!(next_event(&mut events, id).await, EventKind::StoppedByGuest);
        assert_eq!(state(&driver, spec.id).await, PowerState::Shutdown);
        driver.power_on(spec.id).await.unwrap();
    }
    destroyed(&driver, spec.id).await;

    let mut events = driver.events();
    let spec = place.spec_on(place.image("reset.img", &reset));
    spawned(&driver, &spec).await;
    let id = Some(spec.id);
    let expected = [EventKind::Started, EventKind::Reset, EventKind::Reset];
    for kind in expected {
        assert_eq!(next_event(&mut events, id).await, kind);
    }
    assert_eq!(state(&driver, spec.id).await, PowerState::Running);
    destroyed(&driver, spec.id).await;
    assert_eq!(place.leftovers(), [""; 0]);
}

#[tokio::test]
#[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
async fn what_an_administrator_does_is_told_and_mended() {
    let place = Place::new();
    let driver = place.open().await;
    let mut events = driver.events();
    let spec = place.spec();
    spawned(&driver, &spec).await;
    let id = Some(spec.id);
    assert_eq!(next_event(&mut events, id).await, EventKind::Started);
    says(&driver, spec.id, guests::SERIAL_UP, 1).await;
    by_hand(spec.id, Domain::suspend).await;
    assert_eq!(next_event(&mut events, id).await, EventKind::Paused);
    by_hand(spec.id, Domain::resume).await;
    assert_eq!(next_event(&mut events, id).await, EventKind::Resumed);
    by_hand(spec.id, Domain::destroy).await;
    assert_eq!(next_event(&mut events, id).await, EventKind::Stopped);
    by_hand(spec.id, Domain::create).await;
    assert_eq!(next_event(&mut events, id).await, EventKind::Started);
    says(&driver, spec.id, guests::SERIAL_UP, 2).await;

    let described = by_hand(spec.id, |domain| domain.xml_desc(0)).await;
    for expected in [
        "<title>&lt;tester's&gt; &amp; \"guest\"</title>",
        "<backingStore type='file'",
        "<link state='down'/>",
        "append='on'",
    ] {
        let quoted = expected.replace('"', "&quot;").replace("er's", "er&apos;s");
        let there = described.contains(expected) || described.contains(&quoted);
        assert!(there, "no {expected} in {described}");
    }

    // A definition that was removed is made anew, for the same guest with the same disk.
    driver.power_off(spec.id, PowerOff::Hard).await.unwrap();
    assert_eq!(next_event(&mut events, id).await, EventKind::Stopped);
    by_hand(spec.id, Domain::undefine).await;
    assert_eq!(state(&driver, spec.id).await, PowerState::Shutdown);
    driver.power_off(spec.id, PowerOff::Hard).await.unwrap();
    driver.reboot(spec.id, Reboot::Hard).await.unwrap();
    assert_eq!(next_event(&mut events, id).await, EventKind::Started);
    says(&driver, spec.id, guests::SERIAL_UP, 3).await;
    destroyed(&driver, spec.id).await;
    assert_eq!(place.leftovers(), [""; 0]);
}

#[tokio::test]
#[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
async fn other_peoples_domains_are_left_alone() {
    let place = Place::new();
    let driver = place.open().await;
    let spec = place.spec();
    let description = format!(
        "<domain type='qemu'><name>somebody's {id}</name><uuid>{id}</uuid><memory>65536</memory>\
         <os><type arch='x86_64'>hvm</type></os></domain>",
        id = spec.id
    );
    let foreign = by_the_side().define_domain_xml(&description).unwrap();
    let refused = driver.spawn(&spec, &SpawnOptions::default()).await;
    assert!(
        matches!(refused, Err(Error::AlreadyExists { guest }) if guest == spec.id),
        "{refused:?}"
    );
    assert_eq!(driver.list().await.unwrap(), []);
    destroyed(&driver, spec.id).await;
    drop(driver);
    let driver = place.open().await;
    assert!(!foreign.is_active().unwrap());
    foreign.undefine().unwrap();
    spawned(&driver, &spec).await;
    destroyed(&driver, spec.id).await;
    assert_eq!(place.leftovers(), [""; 0]);
}

#[tokio::test]
#[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
async fn a_spawn_that_fails_or_was_cut_off_leaves_nothing() {
    let place = Place::new();
    let driver = place.open().await;
    // More processors than the machine has sockets for: libvirt or QEMU says so, at the last.
    let mut spec = place.spec();
    spec.vcpus = 1000;
    let error = driver.spawn(&spec, &SpawnOptions::default()).await;
    let error = error.unwrap_err();
    assert!(!error.retryable(), "{error:?}");
    let refused = matches!(cause(&error), LibvirtError::Refused { .. });
    assert!(refused, "{error:?}");
    assert_eq!(place.leftovers(), [""; 0]);

    // As if the driver had died in the midst of a spawn, with the guest started already; in the
    // midst of a destruction; and before it had begun.
    let (half, doomed) = (place.spec(), place.spec());
    for spec in [&half, &doomed] {
        spawned(&driver, spec).await;
    }
    drop(driver);
    let directory = |id: GuestId| place.guests().join(id.to_string());
    std::fs::write(directory(half.id).join("unfinished"), "").unwrap();
    let deleting = place.guests().join(format!(".deleting-{}", doomed.id));
    std::fs::rename(directory(doomed.id), deleting).unwrap();
    std::fs::create_dir(directory(place.spec().id)).unwrap();
    let mut tool = disk_maker(&directory(half.id));
    let driver = place.open().await;
    assert_eq!(place.leftovers(), [""; 0]);
    assert!(tool.try_wait().unwrap().is_some(), "it goes on");
    assert_eq!(driver.list().await.unwrap(), []);
    spawned(&driver, &half).await;
    says(&driver, half.id, guests::SERIAL_UP, 1).await;
    destroyed(&driver, half.id).await;
}

#[tokio::test]
#[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
async fn a_guest_that_cannot_be_read_is_left_alone_until_it_is_destroyed() {
    let place = Place::new();
    let driver = place.open().await;
    let (damaged, whole) = (place.spec(), place.spec());
    for spec in [&damaged, &whole] {
        spawned(&driver, spec).await;
    }
    drop(driver);
    let file = place
        .guests()
        .join(damaged.id.to_string())
        .join("spec.json");
    std::fs::write(file, "{").unwrap();
    let pid = pid_of(damaged.id);

    let driver = place.open().await;
    let listed = driver.list().await.unwrap().into_iter();
    assert!(listed.map(|guest| guest.id).eq([whole.id]));
    let error = driver.spawn(&damaged, &SpawnOptions::default()).await;
    let error = error.unwrap_err();
    let told = matches!(cause(&error), LibvirtError::DamagedRecord { .. });
    assert!(told && !error.retryable(), "{error:?}");
    assert_eq!(pid_of(damaged.id), pid);
    for spec in [damaged, whole] {
        destroyed(&driver, spec.id).await;
    }
    assert_eq!(place.leftovers(), [""; 0]);
}

#[tokio::test]
#[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
async fn paths_that_libvirt_cannot_keep_are_refused() {
    let place = Place::new();
    let driver = place.open().await;
    for name in ["line\nbreak.img", "tab\t.img", "\u{7f}.img", "\u{fffe}.img"] {
        let spec = place.spec_on(place.image(name, guests::SERIAL));
        let error = driver.spawn(&spec, &SpawnOptions::default()).await;
        assert!(matches!(error, Err(Error::Invalid { .. })), "{error:?}");
    }
    for name in ["a'b\"c&<d>,e=f g.img", "\u{1f980} \u{e9}:x.img"] {
        let spec = place.spec_on(place.image(name, guests::SERIAL));
        spawned(&driver, &spec).await;
        says(&driver, spec.id, guests::SERIAL_UP, 1).await;
        destroyed(&driver, spec.id).await;
    }
    assert_eq!(place.leftovers(), [""; 0]);
}

#[tokio::test]
async fn a_libvirt_that_is_not_there_is_told() {
    let place = Place::new();
    let nowhere = "qemu+unix:///system?socket=/nowhere/socket";
    let config = LibvirtConfig::new(nowhere, place.guests());
    let error = LibvirtHypervisor::open(config).await.unwrap_err();
    assert!(error.retryable(), "{error:?}");
    assert!(cause(&error).hint().unwrap().contains("libvirtd"));
}

#[tokio::test]
#[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
async fn what_is_done_is_heard_of_and_not_only_found() {
    let place = Place::new();
    let driver = place.open().await;
    let spec = place.spec();
    spawned(&driver, &spec).await;
    // Without news somebody would look, but only after two seconds.
    let begin = tokio::time::Instant::now();
    for _ in 0..10 {
        driver.pause_guest(spec.id).await.unwrap();
        driver.unpause_guest(spec.id).await.unwrap();
    }
    let taken = begin.elapsed();
    assert!(taken < Duration::from_secs(20), "{taken:?}");
    destroyed(&driver, spec.id).await;
    assert_eq!(place.leftovers(), [""; 0]);
}
