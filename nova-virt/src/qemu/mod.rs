//! One supervised qemu process for each guest, and no daemon.
//!
//! [`QemuHypervisor`] keeps all that belongs to a guest in a directory of its own: its
//! specification, its disks as qcow2 overlays over the images that they were made from, the socket
//! of its monitor and its logs. A guest's qemu is not bound to the process that started it. It goes
//! on when that process ends, however that ends, and the next [`QemuHypervisor::open`] on the same
//! directory finds it again.
//!
//! # What a guest is kept from
//! QEMU runs in its own sandbox (`-sandbox`, no starting of programs, no other user), without
//! this process's environment, without a default device, and without a network that leads
//! anywhere. It runs as the user of this process: for guests of strangers that should not be root.
//! Images are verified before use, and neither QEMU nor `qemu-img` ever guesses a format or
//! follows a name in an image. What a guest writes to its console is kept to a
//! [limit](QemuConfig::console_limit).
//!
//! # Service managers
//! A guest's qemu is in a process group of its own, but in the control group of the process that
//! started it. Under systemd, set `KillMode=process` for that service, or stopping it stops the
//! guests.
//!
//! # Descriptors
//! Each running guest takes two descriptors of this process. For some hundred guests, see to the
//! limit (`ulimit -n`).

mod command_line;
mod config;
mod destroy;
mod detect;
mod driver;
mod error;
mod host;
mod instance;
mod inventory;
mod launch;
mod leftovers;
mod machine;
mod place;
mod power;
mod process;
mod qmp;
mod record;
mod rediscover;
mod registry;
mod spawn;
mod view;
mod watch;

pub use config::{Accelerator, QemuConfig};
pub use detect::{Installation, QemuVersion};
pub use driver::QemuHypervisor;
pub use error::QemuError;
pub use qmp::QmpError;
