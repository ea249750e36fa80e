//! Putting a compute role together and running it.

use std::sync::Arc;

use nova_core::{Env, KeyedLocks};
use nova_rpc::{Client, Endpoint, ServeOptions, ServerHandle, Stopped, Target, Transport};
use nova_virt::Hypervisor;
use nova_virt::image::ImageSource;
use tokio::sync::{Semaphore, broadcast};

use super::answers::Answers;
use super::config::ComputeConfig;
use super::guests::Guests;
use super::reporter::Reporter;
use crate::calls::{COMPUTE, REPORTS};
use crate::context::service_context;
use crate::error::{Error, Result};
use crate::tasks::Tasks;

/// How many removals a build that waits may miss before it takes itself for called off.
const CALLED_OFF: usize = 1024;

/// How many calls a compute role works on at a time.
const MAX_IN_FLIGHT: usize = 256;

/// The parts of a compute role.
#[derive(Debug)]
#[must_use = "nothing runs until start is called"]
pub struct ComputeBuilder {
    env: Env,
    transport: Arc<dyn Transport>,
    config: ComputeConfig,
    hypervisor: Arc<dyn Hypervisor>,
    images: Arc<dyn ImageSource>,
}

/// A running compute role. Its guests run on when it stops. Dropped, it stops hard: it takes no
/// calls and reports nothing any more.
#[derive(Debug)]
pub struct Compute {
    config: ComputeConfig,
    server: ServerHandle,
    tasks: Tasks,
}

impl Compute {
    /// A compute role of these parts.
    pub fn builder(
        env: Env,
        transport: Arc<dyn Transport>,
        config: ComputeConfig,
        hypervisor: Arc<dyn Hypervisor>,
        images: Arc<dyn ImageSource>,
    ) -> ComputeBuilder {
        ComputeBuilder {
            env,
            transport,
            config,
            hypervisor,
            images,
        }
    }

    /// How the role was set up.
    pub fn config(&self) -> &ComputeConfig {
        &self.config
    }

    /// Takes no further calls, lets those under way end, and stops reporting. Guests run on.
    ///
    /// # Errors
    /// [`Error::GivenUp`] if calls were still under way after [`ComputeConfig::drain_timeout`].
    pub async fn stop(self) -> Result<()> {
        self.tasks.end().await;
        Error::unless_drained("compute", self.server.stop().await)
    }
}

impl ComputeBuilder {
    /// Begins to take calls, and reports the host. When this returns, a scheduler can plan with it.
    ///
    /// # Errors
    /// [`Error::Configuration`]; [`Error::Role`] if the transport cannot serve, the driver cannot
    /// look at its host, or no conductor takes the report.
    pub async fn start(self) -> Result<Compute> {
        self.config.validate()?;
        let guests = Arc::new(Guests {
            hypervisor: Arc::clone(&self.hypervisor),
            images: self.images,
            env: self.env.clone(),
            builds: Semaphore::new(self.config.max_concurrent_builds),
            turns: KeyedLocks::default(),
            called_off: broadcast::Sender::new(CALLED_OFF),
        });
        // Listen to the driver before anything can happen that is worth hearing.
        let events = self.hypervisor.events();
        let endpoint = Endpoint::new(COMPUTE, self.config.host.as_str());
        let options = ServeOptions::default()
            .max_in_flight(MAX_IN_FLIGHT)
            .drain(self.config.drain_timeout);
        let server = self
            .transport
            .serve(
                &endpoint,
                options,
                Arc::new(Answers::new(self.env.clone(), guests)),
            )
            .await
            .map_err(Error::role("compute", "listen for calls"))?;

        let conductor = Client::new(
            Arc::clone(&self.transport),
            self.env.clone(),
            Target::topic(REPORTS),
        )
        .with_timeout(self.config.call_timeout);
        let reporter = Arc::new(Reporter {
            context: service_context(&self.env, COMPUTE),
            env: self.env,
            config: self.config.clone(),
            hypervisor: self.hypervisor,
            conductor,
        });
        if let Err(error) = reporter.report().await {
            // Half a role is worse than none: nobody would plan with it, but it would answer.
            if server.stop().await == Stopped::Aborted {
                tracing::warn!(host = %self.config.host, "a call was given up");
            }
            return Err(error);
        }

        let tasks = Tasks::new();
        let regular = Arc::clone(&reporter);
        tasks.spawner().spawn("regular reports", async move {
            regular.report_regularly().await
        });
        tasks
            .spawner()
            .spawn("events", async move { reporter.pass_events(events).await });
        Ok(Compute {
            config: self.config,
            server,
            tasks,
        })
    }
}
