//! What a transport and all that works for it share.

use std::fmt;
use std::sync::Arc;

use nova_core::Env;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::AmqpConfig;
use super::error::{broker_failed, failed};
use super::link::Link;
use super::publisher::Publisher;
use super::replies::Replies;
use super::stats::Counters;
use crate::error::Result;

/// What a transport and all that works for it share. With the last that holds it the connections
/// are closed.
pub(super) struct Shared {
    pub(super) env: Env,
    pub(super) config: Arc<AmqpConfig>,
    pub(super) runtime: Handle,
    pub(super) counters: Arc<Counters>,
    pub(super) publisher: Arc<Publisher>,
    /// Consumers have a connection of their own: the broker may block the one that sends.
    pub(super) consume: Link,
    pub(super) replies: Replies,
    pub(super) shutdown: CancellationToken,
    supervisors: TaskTracker,
}

impl Shared {
    /// Connects.
    pub(super) async fn connect(env: Env, config: AmqpConfig) -> Result<Arc<Self>> {
        let operation = "connect";
        config
            .check()
            .map_err(|error| failed("be configured", false, error))?;
        let runtime = Handle::try_current().map_err(|error| failed(operation, false, error))?;
        let config = Arc::new(config);
        let counters = Arc::new(Counters::default());
        let shutdown = CancellationToken::new();
        // Dropping this future closes what it had begun.
        let guard = shutdown.clone().drop_guard();
        let supervisors = TaskTracker::new();
        let link = |role| {
            let (env, config, counters) = (env.clone(), config.clone(), counters.clone());
            let (link, supervisor) = Link::new(role, env, config, counters, shutdown.clone());
            supervisors.spawn_on(supervisor.run(), &runtime);
            link
        };
        let (publish, consume) = (link("publish"), link("consume"));
        let both = async {
            publish.first().await?;
            consume.first().await
        };
        match tokio::time::timeout(config.connect_timeout, both).await {
            Ok(connected) => connected.map_err(|error| broker_failed(operation, error))?,
            Err(late) => {
                let last = publish.last_error().or_else(|| consume.last_error());
                return Err(match last {
                    Some(error) => failed(operation, true, error),
                    None => failed(operation, true, late),
                });
            }
        }
        let publisher = Publisher::new(publish, Arc::clone(&config), runtime.clone());
        let replies = Replies::new(&env, &config, Arc::clone(&counters));
        Ok(Arc::new(Self {
            env,
            config,
            runtime,
            counters,
            publisher: Arc::new(publisher),
            consume,
            replies,
            shutdown: guard.disarm(),
            supervisors,
        }))
    }

    /// Closes the connections, and waits until they are.
    pub(super) async fn close(&self) {
        self.shutdown.cancel();
        self.supervisors.close();
        self.supervisors.wait().await;
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("url", &self.config.url)
            .field("control_exchange", &self.config.control_exchange)
            .finish_non_exhaustive()
    }
}
