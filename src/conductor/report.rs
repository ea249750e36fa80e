//! Taking what hosts report, and bringing the records in line with it.
//!
//! The hypervisor is the authority on power states. As in Nova: a server that is thought to run
//! and does not is stopped, one that is thought to be stopped and runs is powered off again, and
//! one that is being worked on is left to whoever works on it.
//!
//! A report is answered once the host's own record is written. What it says of guests is compared
//! behind that, so that no repair makes a host look silent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nova_core::id::{HostName, ServerId};
use nova_core::model::Server;
use nova_core::repository::{Deleted, PageRequest, ServerFilter, ServerSort};
use nova_core::state::{PowerState, VmState};
use nova_core::{RequestContext, Result};

use super::role::Inner;
use crate::calls::CONDUCTOR;
use crate::calls::compute::{GetPowerState, Shutdown, StopInstance, TerminateInstance};
use crate::calls::conductor::{GuestChanged, GuestState, ReportHost};
use crate::compute::chain;
use crate::context::service_context;
use crate::update::Change;

/// How long a host may take to say how a guest is. Whoever asks keeps others from the server.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether a guest runs, as far as its power state says.
fn is_off(power_state: PowerState) -> bool {
    matches!(power_state, PowerState::Shutdown | PowerState::Crashed)
}

fn is_on(power_state: PowerState) -> bool {
    matches!(power_state, PowerState::Running | PowerState::Paused)
}

/// Whether the record needs no change for a guest that was found so: it has that power state, and
/// a vm state that goes with it.
fn agrees(server: &Server, found: PowerState) -> bool {
    let contradicts = match server.vm_state {
        VmState::Active | VmState::Paused => is_off(found),
        VmState::Stopped => is_on(found),
        _ => false,
    };
    server.power_state == found && !contradicts
}

impl Inner {
    /// Takes a report.
    pub(super) async fn take_report(self: &Arc<Self>, call: ReportHost) -> Result<()> {
        let host = call.report.name.clone();
        self.store
            .hosts()
            .host_report(&call.report, self.env.now())
            .await?;
        let Some(guests) = call.guests else {
            return Ok(());
        };
        if self.comparisons.is_busy(&host) {
            // The last report's guests are still being looked at; the next report has these.
            return Ok(());
        }
        let inner = Arc::clone(self);
        self.looks.spawn("a comparison", async move {
            let _one_at_a_time = inner.comparisons.lock(host.clone()).await;
            let context = service_context(&inner.env, CONDUCTOR);
            if let Err(error) = inner.compare(&context, &host, guests).await {
                tracing::warn!(%host, error = chain(&error), "the guests were not compared");
            }
        });
        Ok(())
    }

    /// Looks at a guest to which something happened.
    pub(super) fn guest_changed(self: &Arc<Self>, call: GuestChanged) {
        let inner = Arc::clone(self);
        self.looks.spawn("a look at a guest", async move {
            let context = service_context(&inner.env, CONDUCTOR);
            inner
                .sync_power_state(&context, &call.host, call.server_id)
                .await;
        });
    }

    /// Looks closer at every guest that is not as recorded.
    async fn compare(
        &self,
        context: &RequestContext,
        host: &HostName,
        guests: Vec<GuestState>,
    ) -> Result<()> {
        let mut found: BTreeMap<ServerId, PowerState> = guests
            .into_iter()
            .map(|guest| (guest.server_id, guest.power_state))
            .collect();
        let filter = ServerFilter::default().host(host.clone());
        let mut page = PageRequest::largest();
        loop {
            let servers = self
                .store
                .servers()
                .server_list(&filter, ServerSort::default(), &page)
                .await?;
            for server in &servers.items {
                let power_state = found.remove(&server.id).unwrap_or(PowerState::NoState);
                let is_idle = server.task_state.is_none() && !self.turns.is_busy(server.id);
                if is_idle && !agrees(server, power_state) {
                    self.sync_power_state(context, host, server.id).await;
                }
            }
            match servers.next {
                Some(marker) => page = page.after(marker),
                None => break,
            }
        }
        self.confirm_deleted(context, host, &found).await?;
        for guest in found.into_keys() {
            self.remove_orphan(context, host, guest).await;
        }
        Ok(())
    }

    /// Has the servers removed that were deleted without this host. The report may be from before
    /// a guest of theirs was there, so the host is told, whatever it says.
    async fn confirm_deleted(
        &self,
        context: &RequestContext,
        host: &HostName,
        found: &BTreeMap<ServerId, PowerState>,
    ) -> Result<()> {
        let filter = ServerFilter::default()
            .host(host.clone())
            .vm_state(VmState::Deleted)
            .deleted(Deleted::Include);
        // A page at each report: there are few, and the next report has the rest.
        let servers = self
            .store
            .servers()
            .server_list(&filter, ServerSort::default(), &PageRequest::largest())
            .await?;
        for server in servers
            .items
            .iter()
            .filter(|server| !found.contains_key(&server.id))
        {
            self.remove_orphan(context, host, server.id).await;
        }
        Ok(())
    }

    /// Notes that nothing of a deleted server is left on the host.
    async fn leave_host(&self, id: ServerId, host: &HostName) {
        let written = self
            .update(id, |server| {
                if server.host.as_ref() != Some(host) || server.deleted_at.is_none() {
                    return Change::Leave;
                }
                server.host = None;
                Change::Write
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(server = %id, %host, error = chain(&error), "not noted as removed");
        }
    }

    /// Asks the host how a guest is and acts on it, in the server's turn, so that nothing that was
    /// done to it meanwhile is taken for its own doing.
    async fn sync_power_state(&self, context: &RequestContext, host: &HostName, id: ServerId) {
        let Some(_turn) = self.turns.look_after(id).await else {
            return;
        };
        if let Err(error) = self.try_sync(context, host, id).await {
            tracing::warn!(server = %id, %host, error, "a power state was not brought in line");
        }
    }

    async fn try_sync(
        &self,
        context: &RequestContext,
        host: &HostName,
        id: ServerId,
    ) -> Result<(), String> {
        let told = |error: nova_core::Error| chain(&error);
        let server = self.store.servers().server_get(id).await.map_err(told)?;
        if server.task_state.is_some() || server.host.as_ref() != Some(host) {
            return Ok(());
        }
        let timeout = self.config.operation_timeout;
        let mut power_state = self
            .ask(context, host, LOOK_TIMEOUT, GetPowerState { server_id: id })
            .await
            .map_err(|error| error.details())?;
        let mut vm_state = server.vm_state;
        match server.vm_state {
            VmState::Active | VmState::Paused if is_off(power_state) => {
                tracing::info!(server = %id, %power_state, "stopped by itself");
                vm_state = VmState::Stopped;
            }
            VmState::Active | VmState::Paused | VmState::Stopped
                if power_state == PowerState::NoState =>
            {
                tracing::warn!(server = %id, %host, "its host has no guest for it");
            }
            VmState::Stopped if is_on(power_state) => {
                tracing::warn!(server = %id, %power_state, "runs though it is stopped: powered off");
                let call = StopInstance {
                    server_id: id,
                    shutdown: Shutdown::Hard,
                };
                power_state = self
                    .ask(context, host, timeout, call)
                    .await
                    .map_err(|error| error.details())?;
            }
            _ => {}
        }
        self.update(id, |server| {
            if server.task_state.is_some()
                || (server.vm_state == vm_state && server.power_state == power_state)
            {
                return Change::Leave;
            }
            server.vm_state = vm_state;
            server.power_state = power_state;
            Change::Write
        })
        .await
        .map_err(told)?;
        Ok(())
    }

    /// Removes a guest that the records say is not there: its server was deleted while the host
    /// was away, or was built elsewhere. Guests that the records do not know stay: they are
    /// somebody else's.
    async fn remove_orphan(&self, context: &RequestContext, host: &HostName, id: ServerId) {
        let is_orphan = |server: &Server| {
            let is_here = server.host.as_ref() == Some(host) && server.deleted_at.is_none();
            // One that is being worked on may be on its way here.
            !is_here && server.task_state.is_none()
        };
        // Before the turn, so as not to wait for one in vain, and in it, to be sure.
        match self.store.servers().server_get(id).await {
            Ok(server) if is_orphan(&server) => {}
            _ => return,
        }
        if self.turns.is_busy(id) {
            // The next report has it still.
            return;
        }
        let Some(_turn) = self.turns.look_after(id).await else {
            return;
        };
        match self.store.servers().server_get(id).await {
            Ok(server) if is_orphan(&server) => {}
            _ => return,
        }
        tracing::warn!(server = %id, %host, "an orphan is removed");
        let call = TerminateInstance { server_id: id };
        if let Err(error) = self
            .ask(context, host, self.config.operation_timeout, call)
            .await
        {
            tracing::warn!(server = %id, %host, details = error.details(), "an orphan was not removed");
            return;
        }
        self.leave_host(id, host).await;
    }
}
