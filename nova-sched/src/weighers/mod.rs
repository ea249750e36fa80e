//! Weighers: which of the hosts that will do is best. Names are those of Nova's classes.

mod build_failure;
mod cpu;
mod cross_cell;
mod disk;
mod hypervisor_version;
mod image_properties;
mod io_ops;
mod measured;
mod metrics;
mod multiplier;
mod normalise;
mod num_instances;
mod pci;
mod ram;
mod setting;
mod soft_affinity;
mod weigher;
mod weighted;

pub use build_failure::BuildFailureWeigher;
pub use cpu::CPUWeigher;
pub use cross_cell::CrossCellWeigher;
pub use disk::DiskWeigher;
pub use hypervisor_version::HypervisorVersionWeigher;
pub use image_properties::ImagePropertiesWeigher;
pub use io_ops::IoOpsWeigher;
pub use metrics::MetricsWeigher;
pub use multiplier::{AggregateMultiplier, Multipliers};
pub(crate) use normalise::Scale;
pub use normalise::normalise;
pub use num_instances::NumInstancesWeigher;
pub use pci::PCIWeigher;
pub use ram::RAMWeigher;
pub use setting::parse_weight_setting;
pub(crate) use setting::weight_setting_problem;
pub use soft_affinity::{ServerGroupSoftAffinityWeigher, ServerGroupSoftAntiAffinityWeigher};
pub use weigher::{Scores, Weigher};
