//! The suite that every driver passes.
//!
//! [`all`] runs every case against a driver; each case is also a function of its own. A case
//! panics where a promise of [`Hypervisor`](crate::Hypervisor) is broken, so the suite belongs
//! into a test. What a driver need not offer is expected as its
//! [capabilities](crate::Capabilities) say. A [`Harness`] tells the suite what it cannot know:
//! what a guest boots from, what it then writes to its console, how patient to be.
//!
//! The suite makes guests with ids of its own, looks at no others, and leaves none behind.
//!
//! ```
//! use nova_core::Env;
//! use nova_virt::conformance::{self, Harness};
//! use nova_virt::mock::MockHypervisor;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! let directory = tempfile::tempdir()?; // for the images that the suite writes
//! let driver = MockHypervisor::new("host-1"); // yours instead
//! let harness = Harness::new(&Env::system(), directory.path())
//!     .with_console("NOVA-GUEST-UP", "NOVA-GUEST-DOWN")
//!     .with_leftovers({
//!         let driver = driver.clone();
//!         move || driver.check().iter().map(ToString::to_string).collect()
//!     });
//! let cases = conformance::all(&driver, &harness).await;
//! assert!(cases > 20);
//! # Ok::<(), std::io::Error>(()) })?;
//! # Ok::<(), std::io::Error>(())
//! ```
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the suite is test code: a panic is how it reports"
)]

mod concurrency;
mod console;
mod events;
mod forge;
mod harness;
mod images;
mod input;
mod lifecycle;
mod pause;
mod power;
mod suite;

pub use concurrency::*;
pub use console::*;
pub use events::*;
pub use harness::Harness;
pub use images::*;
pub use input::*;
pub use lifecycle::*;
pub use pause::*;
pub use power::*;
pub use suite::all;
