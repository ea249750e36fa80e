//! The driver.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::config::{DomainType, LibvirtConfig};
use super::error::{DRIVER, LibvirtError};
use super::host::Host;
use super::link::{self, Link};
use super::place::Place;
use super::registry::{Held, Registry};
use super::{console, destroy, inventory, power, rediscover, spawn, watch};
use crate::error::Result;
use crate::event::{EventSender, Events};
use crate::guest::{Guest, GuestId};
use crate::host::place::SERIAL_LOG;
use crate::host::{blocking, program};
use crate::hypervisor::{
    ConsoleLog, DestroyOptions, Hypervisor, Pause, PowerOff, Reboot, SpawnOptions,
};
use crate::inventory::HostInventory;
use crate::spec::VmSpec;

/// A host's guests, each a domain of libvirt's that the driver defines, watches and finds again.
///
/// Dropping the value leaves the guests running. Work that has begun goes on to its end in the
/// background, and holds the directory until then.
///
/// ```no_run
/// use nova_core::units::{Bytes, Mebibytes};
/// use nova_virt::libvirt::{LibvirtConfig, LibvirtHypervisor};
/// use nova_virt::{BaseImage, DiskFormat, DiskSpec, Hypervisor, HypervisorExt, VmSpec};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// std::fs::write("/var/tmp/serial.img", nova_virt::guests::serial_disk())?;
/// let config = LibvirtConfig::new("qemu:///system", "/var/lib/my-guests");
/// let driver = LibvirtHypervisor::open(config).await?;
/// let spec = VmSpec {
///     id: "0190b5a4-7c3e-7d2a-8b1f-0123456789ab".parse()?,
///     name: "first".to_owned(),
///     vcpus: 1,
///     memory: Mebibytes::new(64),
///     disks: vec![DiskSpec {
///         size: Bytes::new(1 << 20),
///         base: Some(BaseImage { path: "/var/tmp/serial.img".into(), format: DiskFormat::Raw }),
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
pub struct LibvirtHypervisor {
    host: Arc<Host>,
}

impl LibvirtHypervisor {
    /// Connects to libvirt and begins to work in the configured directory: removes what another
    /// driver has not finished, and finds again the guests that it left.
    ///
    /// A guest whose files cannot be read is left alone and told to the log: it does not keep the
    /// others from their work. Destroying it removes it.
    ///
    /// # Errors
    /// [`Backend`](crate::Error::Backend) with a [`LibvirtError`] as its source:
    /// [`NotInstalled`](LibvirtError::NotInstalled), [`BadUri`](LibvirtError::BadUri),
    /// [`DirectoryInUse`](LibvirtError::DirectoryInUse),
    /// [`UnsafeDirectory`](LibvirtError::UnsafeDirectory), [`NoKvm`](LibvirtError::NoKvm),
    /// [`Refused`](LibvirtError::Refused) if nobody answers, …
    pub async fn open(config: LibvirtConfig) -> Result<Self> {
        Self::begin(config)
            .await
            .map_err(|error| error.during("start", None))
    }

    async fn begin(config: LibvirtConfig) -> Result<Self, LibvirtError> {
        let (hear, heard) = mpsc::unbounded_channel();
        link::check(&config.uri)?;
        let qemu_img = program::locate(&config.qemu_img)?;
        let place = Place::open(&config.directory).await?;
        let link = Link::open(&config.uri, hear, config.command_deadline).await?;
        if config.domain_type == DomainType::Kvm {
            check_kvm(&link, &config).await?;
        }
        let host = Arc::new(Host {
            config,
            qemu_img,
            link,
            place,
            registry: Arc::new(Registry::default()),
            events: EventSender::new(),
        });
        rediscover::rediscover(&host).await?;
        tokio::spawn(watch::watch(Arc::downgrade(&host), heard));
        Ok(Self { host })
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
            Err(_) => Err(LibvirtError::CutOff.during(operation, Some(guest))),
        }
    }
}

/// libvirt describes what domains with KVM can have only where they can be.
async fn check_kvm(link: &Link, config: &LibvirtConfig) -> Result<(), LibvirtError> {
    let kvm = Some(DomainType::Kvm.as_str());
    let found = link.call("look for KVM", config.command_deadline, move |connect| {
        let found = connect.domain_capabilities(None, Some("x86_64"), None, kvm, 0);
        found.map(drop)
    });
    match found.await {
        Err(LibvirtError::Refused { message, .. }) => Err(LibvirtError::NoKvm { message }),
        found => found,
    }
}

#[async_trait]
impl Hypervisor for LibvirtHypervisor {
    fn driver(&self) -> &'static str {
        DRIVER
    }

    async fn inventory(&self) -> Result<HostInventory> {
        inventory::inventory(&self.host)
            .await
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
        Ok(self.host.registry.view(id)?.guest())
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
impl Pause for LibvirtHypervisor {
    async fn pause(&self, id: GuestId) -> Result<()> {
        self.detached("pause", id, power::pause).await
    }

    async fn unpause(&self, id: GuestId) -> Result<()> {
        self.detached("unpause", id, power::unpause).await
    }
}

#[async_trait]
impl ConsoleLog for LibvirtHypervisor {
    /// At most [`console_limit`](LibvirtConfig::console_limit) bytes are given: no more is sure to
    /// be there.
    async fn console_log(&self, id: GuestId, max_bytes: usize) -> Result<Vec<u8>> {
        let view = self.host.registry.view(id)?;
        let log = view.record.directory().join(SERIAL_LOG);
        let most = u64::try_from(max_bytes)
            .unwrap_or(u64::MAX)
            .min(self.host.config.console_limit.get());
        let failed = |error: LibvirtError| error.during("read the console of", Some(id));
        blocking::run(move || console::tail(&log, most))
            .await
            .map_err(|error| failed(error.into()))?
            .map_err(|error| failed(LibvirtError::io("read the console log")(error)))
    }
}
