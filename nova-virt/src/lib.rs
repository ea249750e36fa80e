//! One interface to a host's hypervisor, drivers behind it, and the plumbing next to them.
//!
//! * [`Hypervisor`]: what every driver does. Groups of optional work are reached by accessor
//!   ([`Hypervisor::pause`], [`Hypervisor::console_log`]), so that what a driver claims and what it
//!   has cannot disagree.
//! * [`mock`]: a hypervisor in memory, for the tests of whatever is built on this.
//! * `qemu` (feature `qemu`): one supervised qemu process for each guest, no daemon.
//! * `libvirt` (feature `libvirt`): guests as domains of this machine's libvirt.
//! * [`image`]: where images come from, and the inspector that refuses what is not as declared.
//! * `conformance` (feature `conformance`): the suite that every driver passes.
//!
//! Nothing here knows of flavors, projects, databases or messages: [`VmSpec`] says what to run.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `qemu` | the QEMU driver (Linux; `qemu-system-x86_64` and `qemu-img` on the host) |
//! | `libvirt` | the libvirt driver (Linux; libvirt, its library to build with, and `qemu-img`) |
//! | `conformance` | the suite for drivers |

mod error;
mod event;
mod guest;
pub mod guests;
#[cfg(any(feature = "qemu", feature = "libvirt"))]
mod host;
mod hypervisor;
pub mod image;
mod inventory;
#[cfg(feature = "libvirt")]
pub mod libvirt;
pub mod mock;
#[cfg(feature = "qemu")]
pub mod qemu;
mod spec;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use error::{Error, Result};
pub use event::{Event, EventKind, EventSender, Events, Missed};
pub use guest::{Guest, GuestId};
pub use hypervisor::{
    Capabilities, ConsoleLog, DestroyOptions, Hypervisor, HypervisorExt, Pause, PowerOff, Reboot,
    SpawnOptions,
};
pub use inventory::HostInventory;
pub use nova_core::model::DiskFormat;
pub use nova_core::state::PowerState;
pub use spec::{BaseImage, DiskSpec, NicSpec, VmSpec};
