//! Nova's NUMA placement: which cells of a host take the cells of a server, and which of its CPUs
//! and pages.
//!
//! * [`NumaTopology`] is what a host has: [`NumaCell`]s with [`CpuSet`]s and [`MemoryPages`].
//! * [`NumaRequest`] is what a server asks for, made of a flavor's extra specs and an image's
//!   properties by [`NumaRequest::from_flavor`].
//! * [`NumaTopology::fit`] finds a [`NumaPlacement`] or says by a [`Misfit`] what was short.
//! * [`NumaTopology::claim`] and [`NumaTopology::release`] give the topology with and without it.
//!
//! All of it is values; nothing is changed in place. Serialised, they have the names and the shape
//! of Nova's objects.

mod cell;
mod cpu_set;
mod error;
mod fit;
mod flavor;
mod misfit;
mod placement;
mod policy;
mod request;
mod topology;
mod usage;

pub use cell::{MemoryPages, NetworkMetadata, NumaCell};
pub use cpu_set::CpuSet;
pub use error::NumaError;
pub use fit::{CellOrder, FitOptions, LeakingSearch, NumaLimits, NumaSettings, PciFit};
pub use flavor::NumaFlavorError;
pub use misfit::{CellMisfit, Misfit};
pub use placement::{NumaPlacement, PlacedCell};
pub use policy::{EmulatorThreadsPolicy, PageSize, PageSizeError};
pub use request::{NumaRequest, RequestCell};
pub use topology::NumaTopology;
