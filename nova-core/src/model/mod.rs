//! What a compute control plane keeps: servers, flavors, images, hosts, resources, faults.
//!
//! Values that have rules are checked where they are made and where they are read, so that a
//! value at hand is a valid one. Nothing here knows how it is stored or sent.

mod action;
mod aggregate;
mod allocation;
mod block_device;
mod block_device_rules;
mod cell;
mod console_token;
mod device_name;
mod fault;
mod fixed_ip;
mod flavor;
mod generation;
mod hardware;
mod host;
mod host_trait;
mod image;
mod image_properties;
mod image_property;
mod inventory;
mod key_pair;
mod mac_address;
mod migration;
mod operation;
mod port;
mod quota;
mod resource;
mod server;
mod server_group;
mod service;
mod version_predicate;

pub use allocation::{Allocation, Claim};
pub use block_device::{
    BlockDevice, BlockDeviceBuilder, BlockDeviceDestination, BlockDeviceSource, GuestFormat,
};
pub use console_token::{
    ConsoleAccess, ConsoleEndpoint, ConsoleKind, ConsoleToken, ConsoleTokenHash,
};
pub use device_name::{DeviceName, DeviceTag};
pub use fault::Fault;
pub use fixed_ip::FixedIp;
pub use flavor::{Flavor, FlavorBuilder};
pub use generation::Generation;
pub use hardware::{
    Architecture, CpuPolicy, CpuThreadPolicy, DeviceType, DiskBus, FirmwareType, InputBus,
    IommuModel, MemoryEncryptionModel, PciNumaAffinity, PhysicalAddressMode, PointerModel,
    RngModel, ScsiModel, SoundModel, TpmModel, TpmVersion, VideoModel, VifModel, WatchdogAction,
};
pub use host::{Host, HostReport, HostUsage, HypervisorInfo};
pub use host_trait::HostTrait;
pub use image::{DiskFormat, ImageMeta, ImageStatus};
pub use image_properties::ImageProperties;
pub use image_property::{
    ConfigDrivePolicy, HypervisorType, MemoryPageSize, OsType, SecureBoot, VmMode,
};
pub use inventory::Inventory;
pub use mac_address::MacAddress;
pub use port::{ServerPort, ServerPortBuilder, VifType};
pub use quota::QuotaResource;
pub use resource::{CustomResourceClass, ResourceClass, Resources};
pub use server::{MAX_NAME_CHARS, NewServer, Server, ServerName};
pub use service::{ServiceAvailability, ServiceState, ServiceStatus};
pub use version_predicate::VersionPredicate;
