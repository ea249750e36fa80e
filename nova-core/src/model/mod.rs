//! What a compute control plane keeps: servers and what belongs to them (block devices, ports, faults,
//! migrations, actions), flavors, images, hosts with their inventories and aggregates, allocations,
//! quotas, server groups, key pairs, console tokens, records of long operations, cells.
//!
//! Values that have rules are checked where they are made and where they are read, so that a
//! value at hand is a valid one. Nothing here knows how it is stored or sent.

mod action;
mod aggregate;
mod allocation;
mod archived_server;
mod block_device;
mod block_device_rules;
mod bounded_text;
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
mod hostname;
mod image;
mod image_properties;
mod image_property;
mod inventory;
mod key_pair;
mod label;
mod lock;
mod mac_address;
mod metadata;
mod migration;
mod new_server;
mod operation;
mod port;
mod progress;
mod quota;
mod resource;
mod server;
mod server_group;
mod server_key;
mod server_name;
mod service;
mod tag;
mod token;
mod user_data;
mod version_predicate;

pub use action::{Action, ActionEvent, ActionOutcome, EventName, EventOutcome, EventResult};
pub use aggregate::{Aggregate, AggregateMetadata, AggregateName};
pub use allocation::{Allocation, Claim, ClaimMove, Consumer};
pub use archived_server::{ArchivedAction, ArchivedServer};
pub use block_device::{
    BlockDevice, BlockDeviceBuilder, BlockDeviceDestination, BlockDeviceSource, GuestFormat,
};
pub use cell::{Cell, CellMember, CellMemberKind, CellUrl};
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
pub use hostname::Hostname;
pub use image::{DiskFormat, ImageMeta, ImageStatus};
pub use image_properties::ImageProperties;
pub use image_property::{
    ConfigDrivePolicy, HypervisorType, MemoryPageSize, OsType, SecureBoot, VmMode,
};
pub use inventory::Inventory;
#[cfg(feature = "keys")]
pub use key_pair::PrivateKey;
pub use key_pair::{KeyAlgorithm, KeyFingerprints, KeyPair, KeyPairName, KeyPairType, PublicKey};
pub use lock::{Lock, LockReason, LockedBy};
pub use mac_address::MacAddress;
pub use metadata::Metadata;
pub use migration::{
    Migration, MigrationKind, MigrationProgress, MigrationStatus, NewMigration, Transfer,
};
pub use new_server::NewServer;
pub use operation::{
    Lease, NewOperation, OperationKind, OperationPayload, OperationRecord, OperationState, StepName,
};
pub use port::{ServerPort, ServerPortBuilder, VifType};
pub use progress::Progress;
pub use quota::{Quota, QuotaCharge, QuotaLimit, QuotaResource, QuotaScope};
pub use resource::{CustomResourceClass, ResourceClass, Resources};
pub use server::Server;
pub use server_group::{ServerGroup, ServerGroupName, ServerGroupPolicy, ServerGroupRules};
pub use server_key::ServerKey;
pub use server_name::{Description, MAX_NAME_CHARS, NamePrefix, ServerName};
pub use service::{ServiceAvailability, ServiceState, ServiceStatus};
pub use tag::{Tag, Tags};
pub use user_data::UserData;
pub use version_predicate::VersionPredicate;
