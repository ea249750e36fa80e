//! How the driver is set up.

use std::path::PathBuf;
use std::time::Duration;

use nova_core::units::Bytes;

/// What executes the guests' instructions, as libvirt calls it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DomainType {
    /// QEMU's own translator: slower than the processor, and there on every machine.
    ///
    /// It is the default because a `/dev/kvm` that libvirt can use may still be a slow one: nested
    /// and software implementations exist. Who knows the host asks for KVM.
    #[default]
    Qemu,
    /// The host's processor, through KVM.
    Kvm,
}

impl DomainType {
    /// Its name in a domain's description.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Qemu => "qemu",
            Self::Kvm => "kvm",
        }
    }
}

/// How the driver is set up: which libvirt, and where what belongs to the guests is kept.
///
/// ```
/// use nova_virt::libvirt::{DomainType, LibvirtConfig};
///
/// let config = LibvirtConfig::new("qemu:///system", "/var/lib/my-cloud/guests")
///     .with_domain_type(DomainType::Kvm);
/// assert_eq!(config.qemu_img.as_os_str(), "qemu-img");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LibvirtConfig {
    /// The libvirt to connect to: `qemu:///system`, `qemu:///session`, or
    /// `qemu:///embed?root=…`, which runs libvirt's own driver in this process.
    pub uri: String,
    /// The directory with the guests' disks, logs and specifications. It is made if it is not
    /// there, belongs to the user of this process, and to one driver at a time.
    pub directory: PathBuf,
    /// The tool for disk images: a path, or a name to look up in `PATH`.
    pub qemu_img: PathBuf,
    /// What executes the guests' instructions.
    pub domain_type: DomainType,
    /// How long libvirt may take to start a guest.
    pub start_deadline: Duration,
    /// How long libvirt may take for anything else, and to tell of what it did. It gives a guest's
    /// process some ten seconds to end before it kills it, so less than that is too little.
    pub command_deadline: Duration,
    /// How long the tool for disk images may take for one disk.
    pub image_deadline: Duration,
    /// How much of what a guest wrote to its console is kept, at least. libvirt's log daemon, where
    /// it is in use, has a limit of its own (`max_size` in `virtlogd.conf`).
    pub console_limit: Bytes,
}

impl LibvirtConfig {
    /// This libvirt, and guests in this directory; everything else as is usual.
    pub fn new(uri: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        Self {
            uri: uri.into(),
            directory: directory.into(),
            qemu_img: "qemu-img".into(),
            domain_type: DomainType::default(),
            start_deadline: Duration::from_secs(60),
            command_deadline: Duration::from_secs(60),
            image_deadline: Duration::from_secs(60),
            console_limit: Bytes::new(1 << 20),
        }
    }

    /// Another tool for disk images.
    #[must_use]
    pub fn with_qemu_img(mut self, qemu_img: impl Into<PathBuf>) -> Self {
        self.qemu_img = qemu_img.into();
        self
    }

    /// Another domain type.
    #[must_use]
    pub fn with_domain_type(mut self, domain_type: DomainType) -> Self {
        self.domain_type = domain_type;
        self
    }

    /// Another time for libvirt to start a guest.
    #[must_use]
    pub fn with_start_deadline(mut self, deadline: Duration) -> Self {
        self.start_deadline = deadline;
        self
    }

    /// Another time for whatever else libvirt is asked for.
    #[must_use]
    pub fn with_command_deadline(mut self, deadline: Duration) -> Self {
        self.command_deadline = deadline;
        self
    }

    /// Another time for the tool for disk images.
    #[must_use]
    pub fn with_image_deadline(mut self, deadline: Duration) -> Self {
        self.image_deadline = deadline;
        self
    }

    /// Another amount of console output to keep.
    #[must_use]
    pub fn with_console_limit(mut self, limit: Bytes) -> Self {
        self.console_limit = limit;
        self
    }
}
