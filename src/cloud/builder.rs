//! Putting a cloud together.

use std::sync::Arc;

use nova_core::Env;
use nova_core::repository::Store;
use nova_rpc::{MemoryTransport, Transport};
use nova_sched::Scheduler;
use nova_virt::Hypervisor;
use nova_virt::image::ImageSource;

use super::running::Cloud;
use crate::api::{Api, ApiConfig};
use crate::compute::{Compute, ComputeConfig};
use crate::conductor::{Conductor, ConductorConfig};
use crate::error::{Error, Result};
use crate::scheduler::{SchedulerConfig, SchedulerRole};

/// The parts of a cloud.
#[derive(Debug)]
#[must_use = "nothing runs until start is called"]
pub struct CloudBuilder {
    env: Env,
    store: Store,
    images: Arc<dyn ImageSource>,
    transport: Option<Arc<dyn Transport>>,
    scheduler: Scheduler,
    api: ApiConfig,
    conductor: ConductorConfig,
    scheduler_role: SchedulerConfig,
    recover: bool,
    hosts: Vec<(ComputeConfig, Arc<dyn Hypervisor>)>,
}

impl CloudBuilder {
    pub(super) fn new(env: Env, store: Store, images: Arc<dyn ImageSource>) -> Self {
        Self {
            env,
            store,
            images,
            transport: None,
            scheduler: Scheduler::default(),
            api: ApiConfig::default(),
            conductor: ConductorConfig::default(),
            scheduler_role: SchedulerConfig::default(),
            recover: true,
            hosts: Vec::new(),
        }
    }

    /// Adds a compute host.
    pub fn host(mut self, config: ComputeConfig, hypervisor: Arc<dyn Hypervisor>) -> Self {
        self.hosts.push((config, hypervisor));
        self
    }

    /// The transport between the roles; without it one in memory.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The filters and weighers; without it the default ones.
    pub fn scheduler(mut self, scheduler: Scheduler) -> Self {
        self.scheduler = scheduler;
        self
    }

    /// How the API is set up.
    pub fn api_config(mut self, config: ApiConfig) -> Self {
        self.api = config;
        self
    }

    /// How the conductor is set up.
    pub fn conductor_config(mut self, config: ConductorConfig) -> Self {
        self.conductor = config;
        self
    }

    /// How the scheduler role is set up.
    pub fn scheduler_config(mut self, config: SchedulerConfig) -> Self {
        self.scheduler_role = config;
        self
    }

    /// Whether the cloud [takes up](Conductor::recover) what is under way in the store when it
    /// starts, and what is abandoned later. It does unless it is told not to; it must not where
    /// another cloud or conductor works on the same store, whose work it would take for abandoned.
    pub fn recover(mut self, recover: bool) -> Self {
        self.recover = recover;
        self
    }

    /// Starts every role, has every host report, and [takes up](Self::recover) what an earlier
    /// run of the same store left under way.
    ///
    /// # Errors
    /// [`Error::Configuration`]; that of the first role that did not start. The ones before it
    /// are stopped again.
    pub async fn start(self) -> Result<Cloud> {
        for (index, (config, _)) in self.hosts.iter().enumerate() {
            if self
                .hosts
                .iter()
                .take(index)
                .any(|(other, _)| other.host == config.host)
            {
                return Err(Error::configuration(format!(
                    "there are two hosts {}",
                    config.host
                )));
            }
        }
        let transport = self
            .transport
            .unwrap_or_else(|| Arc::new(MemoryTransport::new(self.env.clone())));
        let api = Api::new(
            self.env.clone(),
            &transport,
            self.store.clone(),
            Arc::clone(&self.images),
            self.api,
        );
        let conductor = Conductor::builder(
            self.env.clone(),
            Arc::clone(&transport),
            self.store.clone(),
            self.conductor,
        )
        .start()
        .await?;
        let mut cloud = Cloud {
            api,
            conductor,
            scheduler: None,
            computes: Vec::new(),
        };
        let scheduler = SchedulerRole::builder(
            self.env.clone(),
            Arc::clone(&transport),
            self.store,
            self.scheduler,
            self.scheduler_role,
        );
        match scheduler.start().await {
            Ok(scheduler) => cloud.scheduler = Some(scheduler),
            Err(error) => return Err(cloud.abandon(error).await),
        }
        for (config, hypervisor) in self.hosts {
            let compute = Compute::builder(
                self.env.clone(),
                Arc::clone(&transport),
                config,
                hypervisor,
                Arc::clone(&self.images),
            );
            match compute.start().await {
                Ok(compute) => cloud.computes.push(compute),
                Err(error) => return Err(cloud.abandon(error).await),
            }
        }
        if self.recover
            && let Err(error) = cloud.conductor.recover().await
        {
            return Err(cloud.abandon(error).await);
        }
        Ok(cloud)
    }
}
