//! The interface that drivers implement.

mod capabilities;
mod driver;
mod ext;
mod groups;
mod options;

pub use capabilities::Capabilities;
pub use driver::Hypervisor;
pub use ext::HypervisorExt;
pub use groups::{ConsoleLog, Pause};
pub use options::{DestroyOptions, PowerOff, Reboot, SpawnOptions};
