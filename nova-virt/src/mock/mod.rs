//! A hypervisor in memory, for the tests of whatever is built on [`Hypervisor`](crate::Hypervisor).
//!
//! It keeps every promise of the interface and passes the same suite as the real drivers. On top
//! of that a test can
//!
//! * give it a size, traits, latencies and guests with manners ([`MockBuilder`],
//!   [`GuestBehaviour`]);
//! * script its faults: the n-th spawn fails, hangs, or fails half done ([`Fault`]);
//! * let guests crash or stop by themselves, and the whole host die and return;
//! * read what was asked of it ([`Journal`]), and whether anything was left behind
//!   ([`MockHypervisor::check`]).
//!
//! All waiting is tokio's, so that under paused time an hour of latency takes no time.
//!
//! ```
//! use std::time::Duration;
//! use nova_core::Env;
//! use nova_core::units::{Bytes, Mebibytes};
//! use nova_virt::mock::{Fault, MockHypervisor, Operation};
//! use nova_virt::{DiskSpec, GuestId, Hypervisor, PowerState, SpawnOptions, VmSpec};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! let mock = MockHypervisor::builder("host-1")
//!     .vcpus(8)
//!     .latency(Operation::Spawn, Duration::from_secs(30))
//!     .build();
//! mock.inject(Fault::on(Operation::Spawn).halfway());
//!
//! let spec = VmSpec {
//!     id: GuestId::from_uuid(Env::system().uuid()),
//!     name: "web-1".to_owned(),
//!     vcpus: 1,
//!     memory: Mebibytes::new(64),
//!     disks: vec![DiskSpec { size: Bytes::new(1 << 20), base: None }],
//!     nics: vec![],
//! };
//! let error = mock.spawn(&spec, &SpawnOptions::default()).await.unwrap_err();
//! assert!(error.retryable());
//! assert!(mock.check().is_empty(), "what it had begun was undone");
//!
//! let guest = mock.spawn(&spec, &SpawnOptions::default()).await?;
//! assert_eq!(guest.power_state, PowerState::Running);
//! mock.guest_crashes(spec.id);
//! assert_eq!(mock.inspect(spec.id).await?.power_state, PowerState::Crashed);
//! # Ok::<(), nova_virt::Error>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod behaviour;
mod builder;
mod check;
mod driver;
mod fault;
mod hooks;
mod hypervisor;
mod journal;
mod operation;
mod power;
mod progress;
mod spawn;
mod state;

pub use behaviour::GuestBehaviour;
pub use builder::MockBuilder;
pub use check::Leak;
pub use fault::Fault;
pub use hypervisor::MockHypervisor;
pub use journal::{Call, Journal, Outcome};
pub use operation::Operation;

/// The driver's name.
const DRIVER: &str = "mock";
