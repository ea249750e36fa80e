//! A kit for Nova-like compute control planes.
//!
//! OpenStack Nova showed the parts that a compute cloud needs. Here they are a library: an API, a
//! scheduler, a conductor and compute roles that you compose in your own program, over a store,
//! a transport and hypervisors that you choose.
//!
//! * [`Cloud`]: all roles in one process. Begin there.
//! * [`api`], [`conductor`], [`scheduler`], [`compute`]: the roles, for a process each.
//! * [`core`], [`sched`], [`virt`], [`rpc`]: the parts below, re-exported.
//!
//! `Cloud` shows the whole in twenty lines; `examples/quickstart/` boots real guests.
//!
//! # The roles apart
//!
//! Each role is a builder of its parts and runs on its own; a transport and, where it needs one,
//! a store are all that it shares with the others.
//!
//! ```
//! use std::sync::Arc;
//!
//! use nova_sdk::api::ApiConfig;
//! use nova_sdk::compute::Compute;
//! use nova_sdk::conductor::Conductor;
//! use nova_sdk::prelude::*;
//! use nova_sdk::scheduler::{SchedulerConfig, SchedulerRole};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let env = Env::simulated(1);
//! let transport: Arc<dyn Transport> = Arc::new(MemoryTransport::new(env.clone()));
//! let store = Store::new(MemoryStore::new());
//! let images: Arc<dyn ImageSource> = Arc::new(MemoryImages::new(&env));
//!
//! // With the database:
//! let conductor =
//!     Conductor::builder(env.clone(), transport.clone(), store.clone(), ConductorConfig::default())
//!         .start()
//!         .await?;
//! let scheduler = SchedulerRole::builder(
//!     env.clone(),
//!     transport.clone(),
//!     store.clone(),
//!     Scheduler::default(),
//!     SchedulerConfig::default(),
//! )
//! .start()
//! .await?;
//! let api = Api::new(env.clone(), &transport, store, images.clone(), ApiConfig::default());
//!
//! // On a host, without it:
//! let hypervisor = Arc::new(MockHypervisor::new("host-1"));
//! let config = ComputeConfig::new("host-1")?;
//! let compute = Compute::builder(env.clone(), transport, config, hypervisor, images).start().await?;
//!
//! let operator = RequestContext::new(&env, "op".parse()?, "ops".parse()?).admin();
//! assert_eq!(api.host_list(&operator).await?.len(), 1);
//! compute.stop().await?;
//! scheduler.stop().await?;
//! conductor.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | adds | default |
//! |---|---|---|
//! | `sqlite` | the SQL store on SQLite | yes |
//! | `postgres`, `mysql` | the SQL store on PostgreSQL, MariaDB and MySQL | |
//! | `qemu` | the QEMU driver | yes |
//! | `libvirt` | the libvirt driver; needs libvirt's library (LGPL) to build | |
//! | `amqp` | the RabbitMQ transport, on oslo.messaging's wire format | |
//!
//! Memory stores, the memory transport and the mock hypervisor are always there.
//!
//! # What it is not
//!
//! No daemon, no HTTP, no identity service, no image service, no network service: those are the
//! embedder's, behind traits.

pub mod api;
pub mod calls;
mod cloud;
pub mod compute;
pub mod conductor;
mod context;
mod error;
pub mod prelude;
pub mod scheduler;
mod store;
mod tasks;
mod update;

pub use api::Api;
pub use cloud::{Cloud, CloudBuilder};
pub use error::{Error, Result};
pub use nova_core as core;
pub use nova_rpc as rpc;
pub use nova_sched as sched;
pub use nova_virt as virt;
pub use store::open_store;

/// The README's examples are tests.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;
