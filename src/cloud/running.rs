//! A cloud that runs.

use std::sync::Arc;

use nova_core::Env;
use nova_core::repository::Store;
use nova_virt::image::ImageSource;

use super::builder::CloudBuilder;
use crate::api::Api;
use crate::compute::Compute;
use crate::conductor::Conductor;
use crate::error::{Error, Result};
use crate::scheduler::SchedulerRole;

/// A whole control plane in one process: API, conductor, scheduler and compute roles over one
/// transport and one store.
///
/// One cloud at a time works on a store, unless [`CloudBuilder::recover`] is turned off; and no two
/// hosts have the same hypervisor behind them.
///
/// Guests belong to their hypervisors. They run on when the cloud is stopped or dropped, and a
/// cloud that is started again on the same store and hosts finds them.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use nova_sdk::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let env = Env::simulated(1);
/// let store = Store::new(MemoryStore::new());
/// let images = Arc::new(MemoryImages::new(&env));
/// let image = images.add("boot sector", DiskFormat::Raw, nova_sdk::virt::guests::serial_disk())?;
///
/// let cloud = Cloud::builder(env.clone(), store, images)
///     .host(ComputeConfig::new("host-1")?, Arc::new(MockHypervisor::new("host-1")))
///     .start()
///     .await?;
/// let api = cloud.api();
/// let me = RequestContext::new(&env, "alice".parse()?, "research".parse()?);
/// let admin = me.clone().admin();
///
/// let tiny = Flavor::builder("tiny".parse()?, 1, Mebibytes::new(64), Gibibytes::new(1)).build()?;
/// api.flavor_create(&admin, &tiny).await?;
/// let server = api.server_create(&me, CreateServer::new("web-1", "tiny", image.id)).await?;
/// let server = api.wait_until_settled(&me, server.id, Duration::from_secs(60)).await?;
/// assert_eq!(server.vm_state, VmState::Active);
/// cloud.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Cloud {
    pub(super) api: Api,
    pub(super) conductor: Conductor,
    pub(super) scheduler: Option<SchedulerRole>,
    pub(super) computes: Vec<Compute>,
}

impl Cloud {
    /// A cloud over this store, whose servers boot from these images.
    pub fn builder(env: Env, store: Store, images: Arc<dyn ImageSource>) -> CloudBuilder {
        CloudBuilder::new(env, store, images)
    }

    /// The API.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Lets the work under way end and stops every role. Guests run on.
    ///
    /// # Errors
    /// The first role's that did not end in time; the others are stopped all the same.
    pub async fn stop(self) -> Result<()> {
        // The conductor's work needs the others.
        let mut result = self.conductor.stop().await;
        if let Some(scheduler) = self.scheduler {
            result = result.and(scheduler.stop().await);
        }
        let computes = self.computes.into_iter().map(Compute::stop);
        for stopped in futures::future::join_all(computes).await {
            result = result.and(stopped);
        }
        result
    }

    /// Stops what has started, and returns why the rest did not.
    pub(super) async fn abandon(self, error: Error) -> Error {
        if let Err(error) = self.stop().await {
            tracing::warn!(%error, "a role did not stop cleanly");
        }
        error
    }
}
