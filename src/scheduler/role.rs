//! Putting a scheduler role together and running it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nova_core::Env;
use nova_core::model::Host;
use nova_core::repository::Store;
use nova_rpc::{Endpoint, Incoming, RemoteError, Router, ServeOptions, ServerHandle, Transport};
use nova_sched::{Detail, Fleet, Plan, PlanOptions, Scheduler};

use super::promises::Promises;
use crate::calls::scheduler::SelectDestinations;
use crate::calls::{SCHEDULER, VERSION};
use crate::error::{Error, Result};
use crate::update::patiently;

/// How long a store that fails is waited for.
const STORE_PATIENCE: Duration = Duration::from_secs(30);

/// How many plans are made at a time.
const MAX_IN_FLIGHT: usize = 64;

/// How a scheduler role is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchedulerConfig {
    /// The name that it listens under, unique among the schedulers.
    pub name: String,
    /// A host that was silent for longer counts as down. Nova's `service_down_time`: 60 s.
    pub down_after: Duration,
    /// How long stopping waits for calls under way.
    pub drain_timeout: Duration,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            name: "scheduler-1".to_owned(),
            down_after: Host::DEFAULT_DOWN_AFTER,
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// The parts of a scheduler role.
#[derive(Debug)]
#[must_use = "nothing runs until start is called"]
pub struct SchedulerBuilder {
    env: Env,
    transport: Arc<dyn Transport>,
    store: Store,
    scheduler: Scheduler,
    config: SchedulerConfig,
}

/// A running scheduler role.
#[derive(Debug)]
pub struct SchedulerRole {
    server: ServerHandle,
}

/// What the handler needs.
#[derive(Debug)]
struct Planner {
    env: Env,
    store: Store,
    scheduler: Scheduler,
    promises: Promises,
    /// How many pictures of the fleet were taken: the generation of the latest.
    snapshots: AtomicU64,
    down_after: Duration,
}

impl SchedulerRole {
    /// A scheduler role of these parts.
    pub fn builder(
        env: Env,
        transport: Arc<dyn Transport>,
        store: Store,
        scheduler: Scheduler,
        config: SchedulerConfig,
    ) -> SchedulerBuilder {
        SchedulerBuilder {
            env,
            transport,
            store,
            scheduler,
            config,
        }
    }

    /// Takes no further calls and lets those under way end.
    ///
    /// # Errors
    /// [`Error::GivenUp`] if calls were still under way after [`SchedulerConfig::drain_timeout`].
    pub async fn stop(self) -> Result<()> {
        Error::unless_drained("scheduler", self.server.stop().await)
    }
}

impl SchedulerBuilder {
    /// Begins to take calls.
    ///
    /// # Errors
    /// [`Error::Role`] if the transport cannot serve.
    pub async fn start(self) -> Result<SchedulerRole> {
        let planner = Arc::new(Planner {
            env: self.env,
            store: self.store,
            scheduler: self.scheduler,
            promises: Promises::default(),
            snapshots: AtomicU64::new(0),
            down_after: self.config.down_after,
        });
        let router = Router::new(VERSION).with_state(planner).on(
            |asked: Incoming<Arc<Planner>>, call: SelectDestinations| async move {
                asked.state.plan(call).await
            },
        );
        let endpoint = Endpoint::new(SCHEDULER, self.config.name.as_str());
        let options = ServeOptions::default()
            .max_in_flight(MAX_IN_FLIGHT)
            .drain(self.config.drain_timeout);
        let server = self
            .transport
            .serve(&endpoint, options, Arc::new(router))
            .await
            .map_err(Error::role("scheduler", "listen for calls"))?;
        Ok(SchedulerRole { server })
    }
}

impl Planner {
    /// Plans with the fleet as the store has it now. Claims that are made meanwhile show when the
    /// plan is committed.
    async fn plan(&self, call: SelectDestinations) -> Result<Plan, RemoteError> {
        let usages = patiently(&self.env, STORE_PATIENCE, || {
            self.store.hosts().host_usages()
        })
        .await
        .map_err(|error| RemoteError::from_error("StoreFailure", &error))?;
        let now = self.env.now();
        let fleet = usages
            .into_iter()
            .fold(Fleet::builder(), |fleet, usage| {
                fleet.usage(usage, now, self.down_after)
            })
            .generation(self.snapshots.fetch_add(1, Ordering::Relaxed) + 1)
            .build();
        let options = PlanOptions::default().with_seed(self.env.random_u64());
        let plan = |fleet: &Fleet, detail| {
            let options = options.clone().with_detail(detail);
            self.scheduler.plan_with(fleet, &call.request, &options)
        };
        if call.to_be_claimed {
            // Nobody reads why it was placed; why it was not is told below.
            let brief = |fleet: &Fleet| plan(fleet, Detail::Off);
            if let Some(placed) = self.promises.plan(&fleet, now, brief).await {
                return Ok(placed);
            }
        }
        Ok(plan(&fleet, Detail::Full))
    }
}
