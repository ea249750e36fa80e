//! Everything that must be cleaned up, and the cleaning up.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use nova_sdk::prelude::*;
use nova_sdk::virt::guests;
use nova_sdk::virt::image::ImageDirectory;
use tempfile::TempDir;

use crate::options::{HypervisorKind, Options};

/// How long cleaning up waits for the cloud before it goes to the hypervisors itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// What runs, from its beginning to its end.
pub struct Session {
    pub env: Env,
    /// Who takes the tour. The project is new, and in a store that is not the session's own the
    /// hosts are named after it, so that nothing of anybody else's is touched.
    pub context: RequestContext,
    directory: TempDir,
    store: Option<Store>,
    hosts: Vec<(HostName, Arc<dyn Hypervisor>)>,
    cloud: Option<Cloud>,
    flavors: Vec<FlavorId>,
}

impl Session {
    pub fn new() -> anyhow::Result<Self> {
        let env = Env::system();
        let project = format!("quickstart-{}", env.uuid().simple());
        let context = RequestContext::new(&env, "visitor".parse()?, project.parse()?).admin();
        let directory = tempfile::Builder::new()
            .prefix("nova-quickstart-")
            .tempdir()?;
        Ok(Self {
            env,
            context,
            directory,
            store: None,
            hosts: Vec::new(),
            cloud: None,
            flavors: Vec::new(),
        })
    }

    /// Which hypervisor is used, and how to get the other.
    pub async fn choose(
        &self,
        wanted: Option<HypervisorKind>,
    ) -> anyhow::Result<(HypervisorKind, String)> {
        if wanted == Some(HypervisorKind::Mock) {
            let why = "the mock, as asked; real guests: --hypervisor qemu";
            return Ok((HypervisorKind::Mock, why.to_owned()));
        }
        match QemuHypervisor::detect(&QemuConfig::new(self.directory.path())).await {
            Ok(found) => {
                let what = format!("QEMU {}; without guests: --hypervisor mock", found.version);
                Ok((HypervisorKind::Qemu, what))
            }
            Err(error) => {
                let hint = error.hint().unwrap_or_default().to_owned();
                anyhow::ensure!(wanted.is_none(), "no QEMU: {error}. {hint}");
                let what = format!("the mock, since {error}. For real guests: {hint}");
                Ok((HypervisorKind::Mock, what))
            }
        }
    }

    /// Starts the control plane, and returns its API and the image to boot from.
    pub async fn start(
        &mut self,
        options: &Options,
        kind: HypervisorKind,
    ) -> anyhow::Result<(Api, ImageId)> {
        let root = self.directory.path().to_owned();
        let url = match &options.store {
            Some(url) => url.clone(),
            None => format!("sqlite://{}?mode=rwc", root.join("nova.sqlite").display()),
        };
        let store = nova_sdk::open_store(&url).await?;
        self.store = Some(store.clone());

        let images = ImageDirectory::open(root.join("images")).await?;
        let disk = root.join("boot-sector.img");
        std::fs::write(&disk, guests::serial_disk())?;
        let image = images.add(&boot_sector(&self.env), &disk).await?;

        let prefix = match &options.store {
            Some(_) => format!("{}-", self.context.project_id),
            None => String::new(),
        };
        let mut builder = Cloud::builder(self.env.clone(), store, Arc::new(images))
            // What else is in somebody's store is not ours to take up.
            .recover(options.store.is_none());
        for index in 1..=options.hosts {
            let name = format!("{prefix}host-{index}");
            let hypervisor: Arc<dyn Hypervisor> = match kind {
                HypervisorKind::Mock => Arc::new(
                    MockHypervisor::builder(&name)
                        .latency_by(|_| Duration::from_millis(300))
                        .build(),
                ),
                HypervisorKind::Qemu => {
                    let place = root.join(format!("host-{index}"));
                    Arc::new(QemuHypervisor::open(QemuConfig::new(place)).await?)
                }
            };
            let config = ComputeConfig::new(name)?;
            self.hosts
                .push((config.host.clone(), Arc::clone(&hypervisor)));
            builder = builder.host(config, hypervisor);
        }
        let cloud = self.cloud.insert(builder.start().await?);
        Ok((cloud.api().clone(), image.id))
    }

    /// Adds a flavor that goes with the session.
    pub async fn flavor(
        &mut self,
        api: &Api,
        name: &str,
        vcpus: u32,
        memory: Mebibytes,
        disk: Gibibytes,
    ) -> anyhow::Result<String> {
        let id = format!("{}.{name}", self.context.project_id);
        let flavor = Flavor::builder(id.parse()?, vcpus, memory, disk).build()?;
        self.flavors.push(flavor.id().clone());
        api.flavor_create(&self.context, &flavor).await?;
        Ok(id)
    }

    /// Removes every guest, record and file of the session. What fails is told and keeps nothing
    /// else from being removed.
    pub async fn clean_up(mut self) -> anyhow::Result<()> {
        let mut failures = Vec::new();
        if let Some(cloud) = self.cloud.take() {
            failures.extend(self.delete_servers(cloud.api()).await.err());
            match tokio::time::timeout(PATIENCE, cloud.stop()).await {
                Ok(stopped) => failures.extend(stopped.err().map(Into::into)),
                Err(_) => failures.push(anyhow::anyhow!("the cloud did not stop in time")),
            }
        }
        // What a broken-off build may have left.
        for (_, hypervisor) in &self.hosts {
            failures.extend(destroy_all(&**hypervisor).await.err());
        }
        if let Some(store) = self.store.take() {
            failures.extend(self.forget(&store).await.err());
            store.close().await;
        }
        self.hosts.clear();
        let removed = self
            .directory
            .close()
            .context("the session's directory was not removed");
        failures.extend(removed.err());
        match failures
            .into_iter()
            .reduce(|first, next| first.context(format!("{next:#}")))
        {
            None => Ok(()),
            Some(error) => Err(error.context("not all was cleaned up")),
        }
    }

    /// Deletes every server, also those whose creation was under way when the tour was broken off
    /// and which are recorded only now.
    async fn delete_servers(&self, api: &Api) -> anyhow::Result<()> {
        let mut failures = Vec::new();
        for _ in 0..10 {
            let page = PageRequest::largest();
            let servers = api
                .server_list(&self.context, &self.filter(), &page)
                .await?
                .items;
            if servers.is_empty() {
                return Ok(());
            }
            for server in &servers {
                failures.extend(api.server_delete(&self.context, server.id).await.err());
            }
            for server in &servers {
                let gone = api
                    .wait_until_gone(&self.context, server.id, PATIENCE)
                    .await;
                failures.extend(gone.err());
            }
        }
        let last = failures.pop().map(anyhow::Error::from);
        Err(last.unwrap_or_else(|| anyhow::anyhow!("there is always another server")))
    }

    /// Takes the session's records out of the store for good.
    async fn forget(&self, store: &Store) -> anyhow::Result<()> {
        let all = self.filter().deleted(Deleted::Include);
        let servers = store
            .servers()
            .server_list(&all, ServerSort::default(), &PageRequest::largest())
            .await?
            .items;
        for mut server in servers {
            store.allocations().release(server.id.into(), None).await?;
            if server.deleted_at.is_none() {
                server.deleted_at = Some(self.env.now());
                server = store.servers().server_update(&server).await?;
            }
            store
                .servers()
                .server_purge(server.id, server.generation)
                .await?;
        }
        for flavor in &self.flavors {
            store.flavors().flavor_delete(flavor).await?;
        }
        for (host, _) in &self.hosts {
            store.hosts().host_delete(host).await?;
        }
        Ok(())
    }

    fn filter(&self) -> ServerFilter {
        ServerFilter::default().project(self.context.project_id.clone())
    }
}

/// Removes every guest of a host that is the session's own.
async fn destroy_all(hypervisor: &dyn Hypervisor) -> anyhow::Result<()> {
    for guest in hypervisor.list().await? {
        hypervisor.destroy(guest.id, &Default::default()).await?;
    }
    Ok(())
}

/// What is known of the boot sector's image.
fn boot_sector(env: &Env) -> ImageMeta {
    ImageMeta::new(ImageId::generate(env), "boot sector", DiskFormat::Raw)
        .with_min_disk(Gibibytes::new(1))
        .with_min_memory(Mebibytes::new(64))
}
