//! What most programs that embed a cloud name.

pub use nova_core::id::{FlavorId, HostName, ImageId, ServerId};
pub use nova_core::model::{DiskFormat, Flavor, ImageMeta, Server};
pub use nova_core::repository::memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use nova_core::repository::sql::SqlStore;
pub use nova_core::repository::{Deleted, PageRequest, ServerFilter, ServerSort, Store};
pub use nova_core::state::{PowerState, VmState};
pub use nova_core::units::{Bytes, Gibibytes, Mebibytes};
pub use nova_core::{Env, RequestContext, Timestamp};
#[cfg(feature = "amqp")]
pub use nova_rpc::amqp::{AmqpConfig, AmqpTransport};
pub use nova_rpc::{MemoryTransport, Transport};
pub use nova_sched::Scheduler;
pub use nova_virt::Hypervisor;
pub use nova_virt::image::{ImageSource, MemoryImages};
#[cfg(feature = "libvirt")]
pub use nova_virt::libvirt::{LibvirtConfig, LibvirtHypervisor};
pub use nova_virt::mock::MockHypervisor;
#[cfg(feature = "qemu")]
pub use nova_virt::qemu::{QemuConfig, QemuHypervisor};

pub use crate::api::{Api, ApiConfig, CreateServer};
pub use crate::compute::ComputeConfig;
pub use crate::conductor::ConductorConfig;
pub use crate::{Cloud, Error};
