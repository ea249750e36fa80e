//! The API: what the users of a cloud ask for, as Rust functions.
//!
//! It checks the input, the caller's right to the server and the server's state, records what
//! was asked, and hands the work to a conductor. Nothing of HTTP is here.

mod access;
mod config;
mod console;
mod create;
mod flavors;
mod hosts;
mod operate;
mod servers;
mod wait;

use std::sync::Arc;

use nova_core::Env;
use nova_core::repository::Store;
use nova_rpc::{Client, Target, Transport};
use nova_virt::image::ImageSource;

use crate::calls::{COMPUTE, CONDUCTOR, SCHEDULER};

pub use config::ApiConfig;
pub use create::CreateServer;

/// The API role: a cheap handle, safe to share.
///
/// Every function takes the [`RequestContext`](nova_core::RequestContext) of its caller, whom the
/// embedder has authenticated. A server of another project is not found.
#[derive(Debug, Clone)]
pub struct Api {
    env: Env,
    store: Store,
    images: Arc<dyn ImageSource>,
    conductor: Client,
    scheduler: Client,
    computes: Client,
    config: ApiConfig,
}

impl Api {
    /// An API of these parts.
    pub fn new(
        env: Env,
        transport: &Arc<dyn Transport>,
        store: Store,
        images: Arc<dyn ImageSource>,
        config: ApiConfig,
    ) -> Self {
        let client = |topic: &'static str| {
            Client::new(Arc::clone(transport), env.clone(), Target::topic(topic))
                .with_timeout(config.call_timeout)
        };
        Self {
            conductor: client(CONDUCTOR).with_timeout(config.work_timeout),
            scheduler: client(SCHEDULER),
            computes: client(COMPUTE),
            env,
            store,
            images,
            config,
        }
    }
}
