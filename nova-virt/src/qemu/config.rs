//! How the driver is set up.

use std::path::PathBuf;
use std::time::Duration;

use nova_core::units::Bytes;

/// What executes the guests' instructions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accelerator {
    /// QEMU's own translator: slower than the processor, and the same on every machine.
    ///
    /// It is the default because a `/dev/kvm` that can be opened says little of what is behind it:
    /// nested and software implementations may need seconds for what the translator does in a
    /// tenth of one. Who knows the host asks for KVM.
    #[default]
    Tcg,
    /// The host's processor, through `/dev/kvm`.
    Kvm,
}

impl Accelerator {
    /// Its name on QEMU's command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcg => "tcg",
            Self::Kvm => "kvm",
        }
    }
}

/// How the driver is set up: where the guests live, and with which programs.
///
/// ```
/// use nova_virt::qemu::{Accelerator, QemuConfig};
///
/// let config = QemuConfig::new("/var/lib/my-cloud/guests").with_accelerator(Accelerator::Kvm);
/// assert_eq!(config.qemu.as_os_str(), "qemu-system-x86_64");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QemuConfig {
    /// The directory with all that belongs to the guests. It is made if it is not there, belongs
    /// to the user of this process alone, and to one driver at a time.
    pub root: PathBuf,
    /// The emulator: a path, or a name to look up in `PATH`. Only `qemu-system-x86_64` is known
    /// to work.
    pub qemu: PathBuf,
    /// The tool for disk images: a path, or a name to look up in `PATH`.
    pub qemu_img: PathBuf,
    /// What executes the guests' instructions.
    pub accelerator: Accelerator,
    /// How long a guest's qemu may take to start and to answer.
    pub start_deadline: Duration,
    /// How long a single command to a guest's qemu may take.
    pub command_deadline: Duration,
    /// How long a guest's qemu may take to end once the plug is pulled, before it is killed; and
    /// how long the kernel may take after that.
    pub stop_deadline: Duration,
    /// How long the tool for disk images may take for one disk.
    pub image_deadline: Duration,
    /// How much of what a guest wrote to its console is kept, at least. A file grows to about twice
    /// as much before its beginning is given up, and more only while a guest writes faster than
    /// the driver looks (every few seconds) or no driver runs.
    pub console_limit: Bytes,
}

impl QemuConfig {
    /// Guests in this directory, everything else as is usual.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            qemu: "qemu-system-x86_64".into(),
            qemu_img: "qemu-img".into(),
            accelerator: Accelerator::default(),
            start_deadline: Duration::from_secs(30),
            command_deadline: Duration::from_secs(10),
            stop_deadline: Duration::from_secs(10),
            image_deadline: Duration::from_secs(60),
            console_limit: Bytes::new(1 << 20),
        }
    }

    /// Another emulator.
    #[must_use]
    pub fn with_qemu(mut self, qemu: impl Into<PathBuf>) -> Self {
        self.qemu = qemu.into();
        self
    }

    /// Another tool for disk images.
    #[must_use]
    pub fn with_qemu_img(mut self, qemu_img: impl Into<PathBuf>) -> Self {
        self.qemu_img = qemu_img.into();
        self
    }

    /// Another accelerator.
    #[must_use]
    pub fn with_accelerator(mut self, accelerator: Accelerator) -> Self {
        self.accelerator = accelerator;
        self
    }

    /// Another time for a guest's qemu to start and to answer.
    #[must_use]
    pub fn with_start_deadline(mut self, deadline: Duration) -> Self {
        self.start_deadline = deadline;
        self
    }

    /// Another time for a single command.
    #[must_use]
    pub fn with_command_deadline(mut self, deadline: Duration) -> Self {
        self.command_deadline = deadline;
        self
    }

    /// Another time for a guest's qemu to end.
    #[must_use]
    pub fn with_stop_deadline(mut self, deadline: Duration) -> Self {
        self.stop_deadline = deadline;
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
