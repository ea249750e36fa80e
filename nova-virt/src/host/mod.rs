//! What drivers need of the machine they work on, whatever runs their guests: programs, processes,
//! files, and order among those who use them.
//!
//! It knows no driver. Each maps [`HostError`] to the error that its users see.

pub(crate) mod blocking;
pub(crate) mod console;
mod error;
pub(crate) mod inventory;
pub(crate) mod overlay;
pub(crate) mod place;
pub(crate) mod power;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod record;
pub(crate) mod registry;

pub(crate) use error::{HostError, bounded, transient};
