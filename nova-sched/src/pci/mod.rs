//! Nova's matching of PCI devices: which of a host's pools of like devices serve the devices that
//! a server asks for.
//!
//! * [`PciPools`] is what a host has left: [`PciPool`]s, each a number of devices alike.
//! * [`PciRequest`]s are what a server asks for: so many devices that match one of some
//!   [`PciSpec`]s.
//! * [`PciPools::support`] says whether all of them can be had together, or by a [`PciMisfit`] why
//!   not.
//! * [`PciPools::apply`] and [`PciPools::release`] take them and give them back, and
//!   [`PciPools::claim`] takes what was assigned elsewhere.
//!
//! Serialised, pools and specs are flat maps as in Nova's database and its configuration, with
//! tags next to the rest.

mod assignment;
mod misfit;
mod pool;
mod pools;
mod request;
mod scope;
mod selection;
mod tags;

pub use assignment::{PciAssignment, PciClaimError, PciTaken};
pub use misfit::{PciMisfit, PciShortage};
pub use pool::{PciDeviceType, PciPool};
pub use pools::PciPools;
pub use request::{PciRequest, PciSpec};
pub use scope::{PciScope, ProviderMapping};
