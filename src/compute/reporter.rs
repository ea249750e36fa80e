//! What a compute role says of itself, regularly and when something happens.

use std::sync::Arc;

use nova_core::{Env, RequestContext};
use nova_rpc::Client;
use nova_virt::{Event, EventKind, Events, Hypervisor, HypervisorExt as _, Missed};
use tokio::time::MissedTickBehavior;

use super::config::ComputeConfig;
use super::failure::chain;
use crate::calls::conductor::{GuestChanged, GuestState, ReportHost};
use crate::error::{Error, Result};

/// Speaks to the conductor for one host.
#[derive(Debug)]
pub(super) struct Reporter {
    pub(super) env: Env,
    pub(super) config: ComputeConfig,
    pub(super) hypervisor: Arc<dyn Hypervisor>,
    pub(super) conductor: Client,
    pub(super) context: RequestContext,
}

impl Reporter {
    /// Reports once.
    pub(super) async fn report(&self) -> Result<()> {
        let failed = |error: nova_virt::Error| Error::Role {
            role: "compute",
            operation: "look at its host",
            transient: error.retryable(),
            source: Box::new(error),
        };
        let inventory = self.hypervisor.inventory().await.map_err(failed)?;
        let report = self
            .config
            .report(inventory, self.hypervisor.capabilities())?;
        let guests = match self.hypervisor.list().await {
            Ok(guests) => Some(
                guests
                    .into_iter()
                    .map(|guest| GuestState {
                        server_id: guest.id.into(),
                        power_state: guest.power_state,
                    })
                    .collect(),
            ),
            Err(error) => {
                tracing::warn!(host = %self.config.host, error = chain(&error), "cannot list guests");
                None
            }
        };
        self.conductor
            .call(&self.context, ReportHost { report, guests })
            .await
            .map_err(Error::role("conductor", "take a host's report"))
    }

    /// Reports for as long as it is let; a failure is logged and the next report tries again.
    pub(super) async fn report_regularly(&self) {
        let mut ticks = tokio::time::interval(self.config.report_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is at once, and the role has just reported.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            if let Err(error) = self.report().await {
                tracing::warn!(host = %self.config.host, error = chain(&error), "no report");
            }
        }
    }

    /// Passes on what happens to guests until the driver is gone.
    pub(super) async fn pass_events(&self, mut events: Events) {
        loop {
            match events.next().await {
                Some(Ok(event)) => self.pass_event(event).await,
                Some(Err(Missed(count))) => {
                    // The full report says where every guest is.
                    tracing::warn!(host = %self.config.host, count, "events were missed");
                    if let Err(error) = self.report().await {
                        tracing::warn!(host = %self.config.host, error = chain(&error), "no report");
                    }
                }
                None => return,
            }
        }
    }

    async fn pass_event(&self, event: Event) {
        // What was asked for through this role is told by its answer; the rest is news.
        if !matches!(event.kind, EventKind::StoppedByGuest | EventKind::Crashed) {
            return;
        }
        let news = GuestChanged {
            host: self.config.host.clone(),
            server_id: event.guest.into(),
        };
        let context = RequestContext {
            request_id: nova_core::id::RequestId::generate(&self.env),
            ..self.context.clone()
        };
        if let Err(error) = self.conductor.cast(&context, news).await {
            // The next regular report has it too.
            tracing::warn!(host = %self.config.host, error = chain(&error), "news was not passed on");
        }
    }
}
