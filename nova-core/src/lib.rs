//! The core of a Nova-like compute control plane: what its parts agree on.
//!
//! * [`model`]: what a control plane keeps, from servers to cells.
//! * [`state`]: the one table that says which operation a server accepts in which state.
//! * [`repository`]: the traits of the database, and stores that implement them.
//! * [`mod@env`]: the only source of time, ids and randomness.
//! * [`context`]: who asks, for which project, until when.
//!
//! Nothing here does I/O unless a store's feature is on, and nothing here knows a hypervisor,
//! a message broker or a scheduler.
//!
//! ```
//! use nova_core::model::ServerName;
//! use nova_core::state::{Caller, Operation, ServerStatus, TaskState, VmState};
//!
//! let name: ServerName = "web-1".parse()?;
//! let active = ServerStatus { vm_state: VmState::Active, ..ServerStatus::default() };
//! assert!(nova_core::state::admit(Operation::Stop, &active, Caller::User).is_ok());
//!
//! let stopping = ServerStatus { task_state: Some(TaskState::PoweringOff), ..active };
//! let conflict = nova_core::state::admit(Operation::Stop, &stopping, Caller::User).unwrap_err();
//! assert_eq!(conflict.to_string(), "cannot stop a server while its task_state is powering-off");
//! # let _ = name;
//! # Ok::<(), nova_core::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `tokio` | [`Env::simulated`](env::Env::simulated): a clock that follows tokio's time, paused or not; `KeyedLocks` |
//! | `sqlite`, `postgres`, `mysql` | the SQL store over sea-orm, for that database |
//! | `keys` | key pairs: public keys are decoded, fingerprints reckoned, new pairs made |
//! | `conformance` | the suite that every store passes |
//!
//! Without features the crate has no asynchronous runtime, no database and no I/O in its tree.

mod checked_text;
pub mod context;
pub mod env;
mod error;
pub mod id;
#[cfg(feature = "tokio")]
mod keyed_locks;
pub mod model;
pub mod repository;
mod secret;
pub mod state;
mod text_enum;
pub mod units;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use context::RequestContext;
pub use env::{Env, Timestamp};
/// Re-exported because [`env::Env::uuid`] and the ids speak of it.
pub use uuid;

pub use error::{BoxError, Error, ObjectKind, Result};
#[cfg(feature = "tokio")]
pub use keyed_locks::{KeyedLock, KeyedLocks};
pub use secret::Secret;
