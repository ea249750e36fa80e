//! What the suite must be told.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nova_core::env::Env;
use nova_core::units::{Bytes, Mebibytes};

use crate::guest::{Guest, GuestId};
use crate::hypervisor::{DestroyOptions, Hypervisor, SpawnOptions};
use crate::spec::{BaseImage, DiskSpec, NicSpec, VmSpec};

/// What the suite cannot know of a driver and its guests.
pub struct Harness {
    env: Env,
    pub(super) directory: PathBuf,
    base: Option<BaseImage>,
    disk_size: Bytes,
    memory: Mebibytes,
    pub(super) console: Option<Console>,
    pub(super) patience: Duration,
    pub(super) guests: usize,
    pub(super) interruptions: Vec<Duration>,
    leftovers: Option<Leftovers>,
}

/// What a guest writes to its console.
#[derive(Debug, Clone)]
pub(super) struct Console {
    pub(super) banner: String,
    pub(super) farewell: String,
}

type Leftovers = Box<dyn Fn() -> Vec<String> + Send + Sync>;

impl Harness {
    /// Guests of 64 MiB with a blank disk of 1 MiB, of which nothing is known. `directory` is an
    /// empty one in which the suite may write its images.
    pub fn new(env: &Env, directory: impl Into<PathBuf>) -> Self {
        Self {
            env: env.clone(),
            directory: directory.into(),
            base: None,
            disk_size: Bytes::new(1 << 20),
            memory: Mebibytes::new(64),
            console: None,
            patience: Duration::from_secs(30),
            guests: 4,
            interruptions: [0, 1, 5, 20, 100, 300].map(Duration::from_millis).to_vec(),
            leftovers: None,
        }
    }

    /// Guests boot from an image, on a disk of this size.
    #[must_use]
    pub fn with_base(mut self, base: BaseImage, disk_size: Bytes) -> Self {
        self.base = Some(base);
        self.disk_size = disk_size;
        self
    }

    /// Guests have so much memory.
    #[must_use]
    pub fn with_memory(mut self, memory: Mebibytes) -> Self {
        self.memory = memory;
        self
    }

    /// Guests write `banner` to their console once at each start, and from then on answer the
    /// power button, upon which they write `farewell` once.
    #[must_use]
    pub fn with_console(mut self, banner: impl Into<String>, farewell: impl Into<String>) -> Self {
        self.console = Some(Console {
            banner: banner.into(),
            farewell: farewell.into(),
        });
        self
    }

    /// What should happen, happens within this time: 30 s unless told otherwise. It is also what
    /// a guest is given to shut down in.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How many guests run side by side where that matters: four unless told otherwise.
    #[must_use]
    pub fn with_guests(mut self, guests: usize) -> Self {
        self.guests = guests;
        self
    }

    /// After which times an operation's future is dropped where that matters. They should hit a
    /// spawn at its beginning, in its midst and after its end.
    #[must_use]
    pub fn with_interruptions(mut self, after: Vec<Duration>) -> Self {
        self.interruptions = after;
        self
    }

    /// Asked after each case, when no guest of the suite is there any more: what the driver left
    /// behind (files, processes), for people.
    #[must_use]
    pub fn with_leftovers(
        mut self,
        leftovers: impl Fn() -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        self.leftovers = Some(Box::new(leftovers));
        self
    }

    /// The specification of a new guest.
    pub fn spec(&self) -> VmSpec {
        let id = GuestId::from_uuid(self.env.uuid());
        let [.., a, b, c] = *id.as_uuid().as_bytes();
        VmSpec {
            id,
            name: "conformance".to_owned(),
            vcpus: 1,
            memory: self.memory,
            disks: vec![DiskSpec {
                size: self.disk_size,
                base: self.base.clone(),
            }],
            nics: vec![NicSpec {
                mac: [0x52, 0x54, 0, a, b, c],
            }],
        }
    }

    /// Writes a file for a base; returns its path.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.directory.join(name);
        std::fs::write(&path, bytes).expect("the harness's directory can be written to");
        path
    }

    /// Spawns a new guest, which must succeed.
    pub(super) async fn spawned(&self, driver: &dyn Hypervisor) -> VmSpec {
        let spec = self.spec();
        driver
            .spawn(&spec, &SpawnOptions::default())
            .await
            .expect("a plain spawn succeeds");
        spec
    }

    /// Spawns a new guest and waits until it answers, as far as that can be known.
    pub(super) async fn booted(&self, driver: &dyn Hypervisor) -> VmSpec {
        let spec = self.spawned(driver).await;
        self.wait_for_banners(driver, spec.id, 1).await;
        spec
    }

    /// Waits until the guest has started so many times, as far as that can be known.
    pub(super) async fn wait_for_banners(
        &self,
        driver: &dyn Hypervisor,
        id: GuestId,
        starts: usize,
    ) {
        let (Some(console), Some(log)) = (&self.console, driver.console_log()) else {
            return;
        };
        let seen = async {
            loop {
                let text = log
                    .console_log(id, usize::MAX)
                    .await
                    .expect("the log can be read");
                let count = occurrences(&text, &console.banner);
                assert!(
                    count <= starts,
                    "the guest started {count} times, not {starts}"
                );
                if count == starts {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let in_time = tokio::time::timeout(self.patience, seen).await;
        assert!(
            in_time.is_ok(),
            "no {starts} banners in {:?}",
            self.patience
        );
    }

    /// What the driver left behind must be nothing.
    pub(super) fn assert_nothing_left(&self, case: &str) {
        let left = self
            .leftovers
            .as_ref()
            .map(|leftovers| leftovers())
            .unwrap_or_default();
        assert!(left.is_empty(), "{case} left behind: {left:#?}");
    }

    /// Where the suite may write.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness")
            .field("directory", &self.directory)
            .field("base", &self.base)
            .field("console", &self.console)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// How often a text occurs in what a guest wrote.
pub(super) fn occurrences(bytes: &[u8], text: &str) -> usize {
    String::from_utf8_lossy(bytes).matches(text).count()
}

/// The guest in the list of all, if it is there.
pub(super) async fn listed(driver: &dyn Hypervisor, id: GuestId) -> Option<Guest> {
    let guests = driver.list().await.expect("the guests can be listed");
    guests.into_iter().find(|guest| guest.id == id)
}

/// Destroys a guest, which must succeed and take it from the list.
pub(super) async fn destroyed(driver: &dyn Hypervisor, id: GuestId) {
    driver
        .destroy(id, &DestroyOptions::default())
        .await
        .expect("a guest can be destroyed");
    assert_eq!(
        listed(driver, id).await,
        None,
        "a destroyed guest is still listed"
    );
}

/// The guest must be in this power state, by inspection and in the list.
pub(super) async fn assert_power_state(
    driver: &dyn Hypervisor,
    id: GuestId,
    expected: crate::PowerState,
) {
    let guest = driver.inspect(id).await.expect("the guest is there");
    assert_eq!(guest.power_state, expected, "by inspection");
    let guest = listed(driver, id).await.expect("the guest is listed");
    assert_eq!(guest.power_state, expected, "in the list");
}
