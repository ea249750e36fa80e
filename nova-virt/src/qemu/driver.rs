//! The driver.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;

use super::config::QemuConfig;
use super::detect::{self, Installation};
use super::error::{DRIVER, QemuError};
use super::host::Host;
use super::place::Root;
use super::registry::{Held, Registry};
use super::{destroy, inventory, power, rediscover, spawn};
use crate::error::Result;
use crate::event::{EventSender, Events};
use crate::guest::{Guest, GuestId};
use crate::host::place::SERIAL_LOG;
use crate::host::{blocking, console};
use crate::hypervisor::{
    ConsoleLog, DestroyOptions, Hypervisor, Pause, PowerOff, Reboot, SpawnOptions,
};
use crate::inventory::HostInventory;
use crate::spec::VmSpec;

/// A host's guests, each a qemu process of its own that the driver starts, watches and finds again.
///
/// Dropping the value leaves the guests running. Work that has begun goes on to its end in the
/// background, and holds the directory until then.
///
/// ```no_run
/// use nova_core::units::{Bytes, Mebibytes};
/// use nova_virt::qemu::{QemuConfig, QemuHypervisor};
/// use nova_virt::{BaseImage, DiskFormat, DiskSpec, Hypervisor, HypervisorExt, VmSpec};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// std::fs::write("/tmp/serial.img", nova_virt::guests::serial_disk())?;
/// let driver = QemuHypervisor::open(QemuConfig::new("/tmp/my-guests")).await?;
/// let spec = VmSpec {
///     id: "0190b5a4-7c3e-7d2a-8b1f-0123456789ab".parse()?,
///     name: "first".to_owned(),
///     vcpus: 1,
///     memory: Mebibytes::new(64),
///     disks: vec![DiskSpec {
///         size: Bytes::new(1 << 20),
///         base: Some(BaseImage { path: "/tmp/serial.img".into(), format: DiskFormat::Raw }),
///     }],
///     nics: Vec::new(),
/// };
/// let guest = driver.spawn(&spec, &Default::default()).await?;
/// tokio::time::sleep(std::time::Duration::from_secs(1)).await;
/// let log = driver.read_console(guest.id, 4096).await?;
/// println!("{}", String::from_utf8_lossy(&log));
/// driver.destroy(guest.id, &Default::default()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct QemuHypervisor {
    host: Arc<Host>,
}

impl QemuHypervisor {
    /// Looks whether qemu is there, and which, and touches nothing.
    ///
    /// # Errors
    /// [`QemuError::NotInstalled`], with a [hint](QemuError::hint) for people;
    /// [`QemuError::NoKvm`] if KVM was asked for; others if the program does not behave.
    pub async fn detect(config: &QemuConfig) -> Result<Installation, QemuError> {
        detect::detect(config).await
    }

    /// Begins to work in the configured directory: removes what another driver has not finished,
    /// and finds again the guests that it left.
    ///
    /// # Errors
    /// [`Backend`](crate::Error::Backend) with a [`QemuError`] as its source:
    /// [`NotInstalled`](QemuError::NotInstalled), [`RootInUse`](QemuError::RootInUse),
    /// [`UnsafeRoot`](QemuError::UnsafeRoot), [`NoKvm`](QemuError::NoKvm), …
    ///
    /// A guest whose files cannot be read is left alone and told to the log: it does not keep the
    /// others from their work. Destroying it removes it.
    pub async fn open(config: QemuConfig) -> Result<Self> {
        Self::begin(config)
            .await
            .map_err(|error| error.during("start", None))
    }

    async fn begin(config: QemuConfig) -> Result<Self, QemuError> {
        let installation = detect::detect(&config).await?;
        let root = Root::open(&config.root).await?;
        let (registry, events) = (Arc::new(Registry::default()), EventSender::new());
        let host = Arc::new(Host {
            config,
            installation,
            root,
            registry,
            events,
        });
        rediscover::rediscover(&host).await?;
        Ok(Self { host })
    }

    /// What was found on this machine at the start.
    pub fn installation(&self) -> &Installation {
        &self.host.installation
    }

    /// Waits for the guest's place and then works in a task of its own, which goes on when the
    /// caller does not wait for it any more. The place is taken before the task begins, so that
    /// whoever comes next waits even then.
    async fn detached<T, F>(
        &self,
        operation: &'static str,
        guest: GuestId,
        work: impl FnOnce(Arc<Host>, Held) -> F + Send,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let held = self.host.registry.hold(guest).await;
        match tokio::spawn(work(Arc::clone(&self.host), held)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(QemuError::CutOff.during(operation, Some(guest))),
        }
    }
}

#[async_trait]
impl Hypervisor for QemuHypervisor {
    fn driver(&self) -> &'static str {
        DRIVER
    }

    async fn inventory(&self) -> Result<HostInventory> {
        let host = Arc::clone(&self.host);
        let found = blocking::run(move || inventory::inventory(&host)).await;
        found
            .map_err(QemuError::from)
            .and_then(|found| found)
            .map_err(|error| error.during("take stock of the host", None))
    }

    async fn spawn(&self, spec: &VmSpec, options: &SpawnOptions) -> Result<Guest> {
        spec.validate()?;
        let (wanted, options) = (spec.clone(), options.clone());
        self.detached("spawn", spec.id, |host, held| {
            spawn::spawn(host, held, wanted, options)
        })
        .await
    }

    async fn destroy(&self, id: GuestId, options: &DestroyOptions) -> Result<()> {
        let options = options.clone();
        self.detached("destroy", id, |host, held| {
            destroy::destroy(host, held, options)
        })
        .await
    }

    async fn power_on(&self, id: GuestId) -> Result<()> {
        self.detached("power on", id, power::power_on).await
    }

    async fn power_off(&self, id: GuestId, mode: PowerOff) -> Result<()> {
        self.detached("power off", id, |host, held| {
            power::power_off(host, held, mode)
        })
        .await
    }

    async fn reboot(&self, id: GuestId, mode: Reboot) -> Result<()> {
        self.detached("reboot", id, |host, held| power::reboot(host, held, mode))
            .await
    }

    async fn list(&self) -> Result<Vec<Guest>> {
        Ok(self.host.registry.list())
    }

    async fn inspect(&self, id: GuestId) -> Result<Guest> {
        Ok(self.host.registry.require(id)?.view.guest())
    }

    fn events(&self) -> Events {
        self.host.events.subscribe()
    }

    fn pause(&self) -> Option<&dyn Pause> {
        Some(self)
    }

    fn console_log(&self) -> Option<&dyn ConsoleLog> {
        Some(self)
    }
}

#[async_trait]
impl Pause for QemuHypervisor {
    async fn pause(&self, id: GuestId) -> Result<()> {
        self.detached("pause", id, power::pause).await
    }

    async fn unpause(&self, id: GuestId) -> Result<()> {
        self.detached("unpause", id, power::unpause).await
    }
}

#[async_trait]
impl ConsoleLog for QemuHypervisor {
    /// At most [`console_limit`](QemuConfig::console_limit) bytes are given: no more is sure to
    /// be there.
    async fn console_log(&self, id: GuestId, max_bytes: usize) -> Result<Vec<u8>> {
        self.host.registry.require(id)?;
        let log = self.host.root.guest(id).join(SERIAL_LOG);
        let most = u64::try_from(max_bytes)
            .unwrap_or(u64::MAX)
            .min(self.host.config.console_limit.get());
        let read = blocking::run(move || console::tail(&log, most)).await;
        let failed = |error: QemuError| error.during("read the console of", Some(id));
        read.map_err(|error| failed(error.into()))?
            .map(Option::unwrap_or_default)
            .map_err(|error| failed(QemuError::io("read the console log")(error)))
    }
}
