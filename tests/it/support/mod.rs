//! A cloud for a test, on any store and driver.

pub mod flaky;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nova_sdk::prelude::*;
use nova_sdk::virt::guests;
use nova_sdk::virt::image::ImageDirectory;

/// How long anything may take: ample, since a machine that runs tests is a busy one.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The parts from which a world is made.
pub struct Parts {
    pub env: Env,
    pub store: Store,
    pub hypervisors: Vec<Arc<dyn Hypervisor>>,
    pub images: Arc<dyn ImageSource>,
    pub image: ImageId,
    pub conductor: ConductorConfig,
    pub compute: fn(ComputeConfig) -> ComputeConfig,
    /// Between the roles; one in memory if there is none.
    pub transport: Option<Arc<dyn Transport>>,
}

/// A cloud and what a test needs of it.
pub struct World {
    pub env: Env,
    pub transport: Arc<dyn Transport>,
    pub images: Arc<dyn ImageSource>,
    pub cloud: Cloud,
    pub store: Store,
    pub hypervisors: Vec<Arc<dyn Hypervisor>>,
    pub image: ImageId,
    pub user: RequestContext,
    pub admin: RequestContext,
}

impl Parts {
    /// Mock hosts over a memory store, in virtual time.
    pub fn simulated(mocks: &[MockHypervisor]) -> Self {
        Self::in_memory(
            Env::simulated(1),
            Store::new(MemoryStore::new()),
            shared(mocks),
        )
    }

    /// Images in memory, of which only a mock can boot.
    pub fn in_memory(env: Env, store: Store, hypervisors: Vec<Arc<dyn Hypervisor>>) -> Self {
        let images = MemoryImages::new(&env);
        let image = images
            .add("boot sector", DiskFormat::Raw, guests::serial_disk())
            .unwrap()
            .id;
        Self::new(env, store, hypervisors, Arc::new(images), image)
    }

    /// Images as files below `directory`, of which any driver can boot. A directory that was used
    /// before has its image still.
    #[cfg_attr(
        not(any(feature = "qemu", feature = "libvirt")),
        expect(dead_code, reason = "for drivers that boot files")
    )]
    pub async fn on_disk(
        env: Env,
        store: Store,
        hypervisors: Vec<Arc<dyn Hypervisor>>,
        directory: &Path,
    ) -> Self {
        let images = ImageDirectory::open(directory.join("images"))
            .await
            .unwrap();
        let image = match images.list().await.unwrap().first() {
            Some(image) => image.id,
            None => {
                let file = directory.join("serial.img");
                std::fs::write(&file, guests::serial_disk()).unwrap();
                let meta = image_meta(&env, "boot sector");
                images.add(&meta, &file).await.unwrap().id
            }
        };
        Self::new(env, store, hypervisors, Arc::new(images), image)
    }

    fn new(
        env: Env,
        store: Store,
        hypervisors: Vec<Arc<dyn Hypervisor>>,
        images: Arc<dyn ImageSource>,
        image: ImageId,
    ) -> Self {
        let conductor = ConductorConfig::default();
        Self {
            env,
            store,
            hypervisors,
            images,
            image,
            conductor,
            compute: |config| config,
            transport: None,
        }
    }

    /// Starts a cloud of these parts, with a flavor `tiny`, on hosts `host-1` and so on.
    pub async fn start(self) -> World {
        let names = (1..=self.hypervisors.len())
            .map(|index| format!("host-{index}"))
            .collect();
        self.start_on(names).await
    }

    /// The same with one host of this name.
    pub async fn start_as(self, name: &str) -> World {
        self.start_on(vec![name.to_owned()]).await
    }

    async fn start_on(self, names: Vec<String>) -> World {
        let transport = self
            .transport
            .unwrap_or_else(|| Arc::new(MemoryTransport::new(self.env.clone())));
        let images = Arc::clone(&self.images);
        let mut builder = Cloud::builder(self.env.clone(), self.store.clone(), self.images)
            .conductor_config(self.conductor)
            .transport(Arc::clone(&transport));
        for (name, hypervisor) in names.into_iter().zip(&self.hypervisors) {
            let config = (self.compute)(ComputeConfig::new(name).unwrap());
            builder = builder.host(config, Arc::clone(hypervisor));
        }
        let cloud = builder.start().await.unwrap();
        let user = RequestContext::new(
            &self.env,
            "alice".parse().unwrap(),
            "research".parse().unwrap(),
        );
        let admin = user.clone().admin();
        match cloud
            .api()
            .flavor_create(&admin, &flavor("tiny", 1, 64, 1))
            .await
        {
            // A store that was kept from an earlier run has it.
            Ok(()) | Err(Error::Core(nova_sdk::core::Error::AlreadyExists { .. })) => {}
            Err(error) => panic!("{error}"),
        }
        World {
            env: self.env,
            transport,
            images,
            cloud,
            store: self.store,
            hypervisors: self.hypervisors,
            image: self.image,
            user,
            admin,
        }
    }
}

impl World {
    pub fn api(&self) -> &Api {
        self.cloud.api()
    }

    /// Asks for a tiny server.
    pub async fn create(&self, name: &str) -> Server {
        let request = CreateServer::new(name, "tiny", self.image);
        self.api().server_create(&self.user, request).await.unwrap()
    }

    /// Makes a tiny server and waits until it runs.
    pub async fn boot(&self, name: &str) -> Server {
        let server = self.create(name).await;
        let server = self.settled(server.id).await;
        assert_eq!(
            server.vm_state,
            VmState::Active,
            "{:?}",
            self.faults(server.id).await
        );
        server
    }

    /// Waits until nothing is being done to the server. As an administrator sees it: with its host.
    pub async fn settled(&self, id: ServerId) -> Server {
        self.api()
            .wait_until_settled(&self.admin, id, PATIENCE)
            .await
            .unwrap()
    }

    /// Waits until the server is in this state and nothing is being done to it.
    pub async fn until(&self, id: ServerId, vm_state: VmState) -> Server {
        self.api()
            .wait_until(&self.admin, id, PATIENCE, |server| {
                server.task_state.is_none() && server.vm_state == vm_state
            })
            .await
            .unwrap_or_else(|error| panic!("{id} is not {vm_state}: {error}"))
    }

    /// Deletes the server and waits until it is gone.
    pub async fn delete(&self, id: ServerId) {
        self.api().server_delete(&self.user, id).await.unwrap();
        self.api()
            .wait_until_gone(&self.user, id, PATIENCE)
            .await
            .unwrap();
    }

    pub async fn faults(&self, id: ServerId) -> Vec<nova_sdk::core::model::Fault> {
        self.api().server_faults(&self.admin, id).await.unwrap()
    }

    /// Waits until the guest's console has a text so often.
    pub async fn until_console_has(&self, id: ServerId, text: &str, times: usize) {
        let began = self.env.now();
        loop {
            let bytes = self
                .api()
                .server_console_output(&self.user, id, 64 * 1024)
                .await
                .unwrap();
            let console = String::from_utf8_lossy(&bytes).into_owned();
            if console.matches(text).count() == times {
                return;
            }
            let waited = self.env.now().duration_since(began);
            assert!(
                waited < PATIENCE,
                "{text:?} is not {times} times in {console:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nothing is claimed and no guest is left, anywhere.
    pub async fn assert_empty(&self) {
        for usage in self.store.hosts().host_usages().await.unwrap() {
            assert!(
                usage.used.is_empty(),
                "{} still holds {}",
                usage.host.name(),
                usage.used
            );
        }
        for hypervisor in &self.hypervisors {
            assert_eq!(hypervisor.list().await.unwrap(), []);
        }
    }
}

/// Handles on mocks as drivers.
pub fn shared(mocks: &[MockHypervisor]) -> Vec<Arc<dyn Hypervisor>> {
    mocks
        .iter()
        .map(|mock| Arc::new(mock.clone()) as Arc<dyn Hypervisor>)
        .collect()
}

pub fn mocks(count: usize) -> Vec<MockHypervisor> {
    (1..=count)
        .map(|index| MockHypervisor::new(format!("host-{index}")))
        .collect()
}

pub fn flavor(id: &str, vcpus: u32, memory: u64, disk: u64) -> Flavor {
    Flavor::builder(
        id.parse().unwrap(),
        vcpus,
        Mebibytes::new(memory),
        Gibibytes::new(disk),
    )
    .build()
    .unwrap()
}

/// Metadata of a small raw image with a new id.
pub fn image_meta(env: &Env, name: &str) -> ImageMeta {
    ImageMeta::new(ImageId::generate(env), name, DiskFormat::Raw).with_min_disk(Gibibytes::new(1))
}

/// A new SQLite store in a directory.
#[cfg(feature = "sqlite")]
pub async fn sqlite(directory: &Path) -> Store {
    let url = format!(
        "sqlite://{}?mode=rwc",
        directory.join("nova.sqlite").display()
    );
    Store::new(SqlStore::connect(&url).await.unwrap())
}
