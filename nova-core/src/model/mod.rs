//! What a compute control plane keeps: servers, flavors, images, hosts, resources, faults.
//!
//! Values that have rules are checked where they are made and where they are read, so that a
//! value at hand is a valid one. Nothing here knows how it is stored or sent.

mod action;
mod aggregate;
mod allocation;
mod archived_server;
mod block_device;
mod bounded_text;
mod cell;
mod console_token;
mod fault;
mod flavor;
mod generation;
mod host;
mod host_trait;
mod hostname;
mod image;
mod image_properties;
mod inventory;
mod key_pair;
mod label;
mod lock;
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
mod tag;
mod user_data;

pub use aggregate::{Aggregate, AggregateMetadata, AggregateName};
pub use allocation::{Allocation, Claim, ClaimMove, Consumer};
pub use archived_server::ArchivedServer;
pub use cell::{Cell, CellMember, CellMemberKind, CellUrl};
pub use fault::Fault;
pub use flavor::{Flavor, FlavorBuilder};
pub use generation::Generation;
pub use host::{Host, HostReport, HostUsage, HypervisorInfo, ServiceStatus};
pub use hostname::Hostname;
pub use image::{DiskFormat, ImageMeta};
pub use inventory::Inventory;
#[cfg(feature = "keys")]
pub use key_pair::PrivateKey;
pub use key_pair::{KeyAlgorithm, KeyFingerprints, KeyPair, KeyPairName, KeyPairType, PublicKey};
pub use lock::{Lock, LockReason, LockedBy};
pub use metadata::Metadata;
pub use new_server::NewServer;
pub use progress::Progress;
pub use quota::{Quota, QuotaCharge, QuotaLimit, QuotaResource, QuotaScope};
pub use resource::{CustomResourceClass, ResourceClass, Resources};
pub use server::Server;
pub use server_group::{ServerGroup, ServerGroupName, ServerGroupPolicy, ServerGroupRules};
pub use server_key::ServerKey;
pub use server_name::{Description, MAX_NAME_CHARS, NamePrefix, ServerName};
pub use tag::{Tag, Tags};
pub use user_data::UserData;
