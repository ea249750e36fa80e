//! Guests as domains of this machine's libvirt.
//!
//! [`LibvirtHypervisor`] defines each guest as a persistent domain that is named by the guest's id,
//! and keeps what belongs to it in a directory of its own: its specification, its disks as qcow2
//! overlays over the images that they were made from, and what it wrote to its console. libvirt
//! runs the guests. They go on when this process ends, and the next [`LibvirtHypervisor::open`] on
//! the same directory finds them again.
//!
//! Domains that the driver did not make in its directory are none of its business: it neither lists
//! nor touches them. What an administrator does to one of its own (`virsh suspend`, `virsh start`)
//! is noticed and told as an event.
//!
//! # What a guest is kept from
//! Images are verified before use, every format and every file below a disk is spelled out in the
//! domain's description, and `qemu-img` runs with limits. The description is written by a
//! serialiser; the name that people gave a guest is only its title, and only if it can be one.
//! libvirt knows no user-mode network that leads nowhere, so network interfaces are there with
//! their addresses, and unplugged.
//!
//! # Who runs what
//! libvirt must be that of this machine. Its system instance (`qemu:///system`) runs guests as a
//! user of its own, who must be able to reach the guests' directory and the images; this process
//! must be able to read what belongs to that user, which root can. With `qemu:///session` all are
//! the same user.
//!
//! # The event loop
//! libvirt tells of events through one event loop for each process. The driver registers libvirt's
//! default one when the first driver is opened, and runs it on a thread that never ends. libvirt's
//! habit of printing every error is switched off then, too.
//!
//! # Licence
//! The library behind this feature, and the crate that binds it, are under the LGPL.

mod change;
mod config;
mod console;
mod description;
mod destroy;
mod domain;
mod driver;
mod error;
mod event_loop;
mod host;
mod hub;
mod inventory;
mod leftovers;
mod link;
mod mark;
mod place;
mod power;
mod record;
mod rediscover;
mod registry;
mod spawn;
mod subscription;
mod text;
mod view;
mod watch;

pub use config::{DomainType, LibvirtConfig};
pub use driver::LibvirtHypervisor;
pub use error::LibvirtError;
