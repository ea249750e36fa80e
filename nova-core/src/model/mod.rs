//! What a compute control plane keeps: servers, flavors, images, hosts, resources, faults.
//!
//! Values that have rules are checked where they are made and where they are read, so that a
//! value at hand is a valid one. Nothing here knows how it is stored or sent.

mod allocation;
mod fault;
mod flavor;
mod generation;
mod host;
mod image;
mod inventory;
mod resource;
mod server;

pub use allocation::{Allocation, Claim};
pub use fault::Fault;
pub use flavor::{Flavor, FlavorBuilder};
pub use generation::Generation;
pub use host::{Host, HostReport, HostUsage, HypervisorInfo, ServiceStatus};
pub use image::{DiskFormat, ImageMeta};
pub use inventory::Inventory;
pub use resource::{CustomResourceClass, ResourceClass, Resources};
pub use server::{MAX_NAME_CHARS, NewServer, Server, ServerName};
