//! What a compute control plane keeps: servers, flavors, images, hosts, resources, faults.
//!
//! Values that have rules are checked where they are made and where they are read, so that a
//! value at hand is a valid one. Nothing here knows how it is stored or sent.

mod action;
mod aggregate;
mod allocation;
mod block_device;
mod cell;
mod console_token;
mod fault;
mod flavor;
mod generation;
mod host;
mod host_trait;
mod image;
mod image_properties;
mod inventory;
mod key_pair;
mod migration;
mod operation;
mod port;
mod quota;
mod resource;
mod server;
mod server_group;
mod token;

pub use action::{Action, ActionEvent, ActionOutcome, EventName, EventOutcome, EventResult};
pub use allocation::{Allocation, Claim};
pub use fault::Fault;
pub use flavor::{Flavor, FlavorBuilder};
pub use generation::Generation;
pub use host::{Host, HostReport, HostUsage, HypervisorInfo, ServiceStatus};
pub use image::{DiskFormat, ImageMeta};
pub use inventory::Inventory;
pub use migration::{
    Migration, MigrationKind, MigrationProgress, MigrationStatus, NewMigration, Transfer,
};
pub use operation::{
    Lease, NewOperation, OperationKind, OperationPayload, OperationRecord, OperationState, StepName,
};
pub use quota::QuotaResource;
pub use resource::{CustomResourceClass, ResourceClass, Resources};
pub use server::{MAX_NAME_CHARS, NewServer, Server, ServerName};
