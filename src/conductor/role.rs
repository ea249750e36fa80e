//! Putting a conductor together and running it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use nova_core::id::{HostName, ServerId};
use nova_core::model::Server;
use nova_core::repository::Store;
use nova_core::{Env, KeyedLocks};
use nova_rpc::{
    Client, Deduplicated, Endpoint, Handler, Incoming, RememberOptions, RemoteError, Router,
    ServeOptions, ServerHandle, Target, Transport,
};
use tokio_util::task::AbortOnDropHandle;

use super::config::ConductorConfig;
use super::recover::Recovering;
use super::turns::Turns;
use crate::calls::conductor::{BuildInstances, GuestChanged, OperateInstance, ReportHost};
use crate::calls::{COMPUTE, CONDUCTOR, REPORTS, SCHEDULER, VERSION};
use crate::error::{Error, Result};
use crate::tasks::{Spawner, Tasks};
use crate::update::{Change, Patience, patiently, update_server};

/// How many pieces of work a conductor has in hand at a time.
const MAX_IN_FLIGHT: usize = 1024;

/// How many reports it takes at a time.
const MAX_REPORTS: usize = 64;

/// How long a store that fails is waited for in the middle of an operation.
pub(super) const STORE_PATIENCE: Duration = Duration::from_secs(600);

/// The parts of a conductor.
#[derive(Debug)]
#[must_use = "nothing runs until start is called"]
pub struct ConductorBuilder {
    env: Env,
    transport: Arc<dyn Transport>,
    store: Store,
    config: ConductorConfig,
}

/// A running conductor.
#[derive(Debug)]
pub struct Conductor {
    inner: Arc<Inner>,
    work: ServerHandle,
    reports: ServerHandle,
    looks: Tasks,
    recoveries: Tasks,
    recovery: Option<AbortOnDropHandle<()>>,
}

/// What a conductor's work needs.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) env: Env,
    pub(super) store: Store,
    pub(super) scheduler: Client,
    pub(super) computes: Client,
    pub(super) turns: Turns,
    /// The hosts whose guests are being compared with the records.
    pub(super) comparisons: KeyedLocks<HostName>,
    /// Where guests are looked at; ended when the conductor stops.
    pub(super) looks: Spawner,
    /// Where abandoned operations are taken up; what has begun is drained.
    pub(super) recoveries: Spawner,
    pub(super) recovering: Recovering,
    pub(super) config: ConductorConfig,
}

impl Conductor {
    /// A conductor of these parts.
    pub fn builder(
        env: Env,
        transport: Arc<dyn Transport>,
        store: Store,
        config: ConductorConfig,
    ) -> ConductorBuilder {
        ConductorBuilder {
            env,
            transport,
            store,
            config,
        }
    }

    /// Takes up, in the background, every operation that is under way in the store now, and
    /// returns how many there are. From then on it looks every
    /// [`ConductorConfig::recovery_interval`] for servers that are marked busy and that nobody
    /// works on, and takes those up too.
    ///
    /// Call it once compute hosts answer and before anybody asks for something new, and **only
    /// where no other conductor is at work on the same store**: the other's work would be taken for
    /// abandoned.
    ///
    /// # Errors
    /// [`Error::Core`] if the store cannot be read; then nothing is taken up.
    pub async fn recover(&mut self) -> Result<usize> {
        let count = self.inner.recover(None).await?;
        let inner = Arc::clone(&self.inner);
        self.recovery = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            inner.recover_regularly().await;
        })));
        Ok(count)
    }

    /// Takes no further work and lets what is under way end.
    ///
    /// # Errors
    /// [`Error::GivenUp`] if work was still under way after [`ConductorConfig::drain_timeout`]. It is
    /// given up, and [taken up](Self::recover) by the next conductor.
    pub async fn stop(self) -> Result<()> {
        drop(self.recovery);
        // What only waits to be taken up, or only looks, is not waited for.
        self.inner.recovering.close();
        self.looks.end().await;
        let drain = self.inner.config.drain_timeout;
        let (work, reports, recoveries) = futures::join!(
            self.work.stop(),
            self.reports.stop(),
            self.recoveries.drain(drain)
        );
        Error::unless_drained("conductor", work)?;
        Error::unless_drained("conductor", reports)?;
        if recoveries {
            Ok(())
        } else {
            Err(Error::GivenUp { role: "conductor" })
        }
    }
}

impl ConductorBuilder {
    /// Begins to take calls.
    ///
    /// # Errors
    /// [`Error::Configuration`]; [`Error::Role`] if the transport cannot serve.
    pub async fn start(self) -> Result<Conductor> {
        self.config.validate()?;
        let client = |topic: &'static str| {
            Client::new(
                Arc::clone(&self.transport),
                self.env.clone(),
                Target::topic(topic),
            )
        };
        let (looks, recoveries) = (Tasks::new(), Tasks::new());
        let inner = Arc::new(Inner {
            scheduler: client(SCHEDULER).with_timeout(self.config.schedule_timeout),
            computes: client(COMPUTE),
            env: self.env.clone(),
            store: self.store,
            turns: Turns::default(),
            comparisons: KeyedLocks::default(),
            looks: looks.spawner().clone(),
            recoveries: recoveries.spawner().clone(),
            recovering: Recovering::default(),
            config: self.config,
        });
        let serve = async |topic, max_in_flight, handler: Arc<dyn Handler>| {
            let endpoint = Endpoint::new(topic, inner.config.name.as_str());
            let options = ServeOptions::default()
                .max_in_flight(max_in_flight)
                .drain(inner.config.drain_timeout);
            self.transport
                .serve(&endpoint, options, handler)
                .await
                .map_err(Error::role("conductor", "listen for calls"))
        };
        let reports = serve(REPORTS, MAX_REPORTS, Arc::new(reports(Arc::clone(&inner)))).await?;
        // Work is begun once for each request, however often its message comes.
        let work = Deduplicated::new(
            inner.env.clone(),
            RememberOptions::default(),
            work(Arc::clone(&inner)),
        );
        let work = serve(CONDUCTOR, MAX_IN_FLIGHT, Arc::new(work)).await?;
        Ok(Conductor {
            inner,
            work,
            reports,
            looks,
            recoveries,
            recovery: None,
        })
    }
}

type Asked = Incoming<Arc<Inner>>;

fn work(inner: Arc<Inner>) -> Router<Arc<Inner>> {
    Router::new(VERSION)
        .with_state(inner)
        .on(|asked: Asked, call: BuildInstances| async move {
            asked.state.build(&asked.context, call.server_id).await;
            Ok::<_, Infallible>(())
        })
        .on(|asked: Asked, call: OperateInstance| async move {
            asked
                .state
                .operate(&asked.context, call.server_id, call.operation)
                .await;
            Ok::<_, Infallible>(())
        })
}

fn reports(inner: Arc<Inner>) -> Router<Arc<Inner>> {
    Router::new(VERSION)
        .with_state(inner)
        .on(|asked: Asked, call: ReportHost| async move {
            let taken = asked.state.take_report(call).await;
            taken.map_err(|error| RemoteError::from_error("StoreFailure", &error))
        })
        .on(|asked: Asked, call: GuestChanged| async move {
            asked.state.guest_changed(call);
            Ok::<_, Infallible>(())
        })
}

impl Inner {
    /// The server, from a store that is waited for if it fails for a while.
    pub(super) async fn read(&self, id: ServerId) -> nova_core::Result<Server> {
        patiently(&self.env, STORE_PATIENCE, || {
            self.store.servers().server_get(id)
        })
        .await
    }

    /// Reads the server, lets `decide` change it, and writes it unless it is to be left alone.
    /// A store that fails for a while is waited for: an operation that is done must be noted.
    pub(super) async fn update(
        &self,
        id: ServerId,
        mut decide: impl FnMut(&mut Server) -> Change,
    ) -> nova_core::Result<Option<Server>> {
        let mut patience = Patience::new(&self.env, STORE_PATIENCE);
        loop {
            let written =
                update_server(&self.store, &self.env, id, |server| Ok(decide(server))).await;
            match written {
                Err(error) if patience.again(&error).await => {}
                written => return written,
            }
        }
    }
}
