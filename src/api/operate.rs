//! Operations on a server that exists.

use nova_core::RequestContext;
use nova_core::id::ServerId;
use nova_core::model::Server;
use nova_core::state::{HostCondition, HostRule, Operation, TaskState, rule};
use nova_rpc::Call;

use super::Api;
use super::access::{caller, shown, visible};
use crate::calls::conductor::OperateInstance;
use crate::compute::SUPPORTS_PAUSE;
use crate::error::{Error, Result};
use crate::tasks::detached;
use crate::update::{Change, update_server};

macro_rules! operations {
    ($($(#[$doc:meta])* $function:ident => $operation:ident,)+) => {
        impl Api {
            $(
                $(#[$doc])*
                ///
                /// The server is returned with its task under way; see
                /// [`wait_until_settled`](Self::wait_until_settled).
                ///
                /// # Errors
                /// * [`Error::Core`]: the server is not there, or its state refuses;
                /// * [`Error::Unsupported`]: its host cannot;
                /// * [`Error::Role`]: no conductor takes the work.
                ///
                /// Nothing is changed if any is returned, but where the store fails halfway or a
                /// conductor does not answer in time: then the operation may be carried out.
                pub async fn $function(
                    &self,
                    context: &RequestContext,
                    id: ServerId,
                ) -> Result<Server> {
                    self.operate(context, id, Operation::$operation).await
                }
            )+
        }
    };
}

operations! {
    /// Starts a server that is stopped.
    server_start => Start,
    /// Stops a server: the guest is asked to shut down, and powered off if it does not in time.
    server_stop => Stop,
    /// Reboots a server: the guest is asked to shut down, and is then started.
    server_reboot_soft => SoftReboot,
    /// Reboots a server by switching it off and on, from any state in which it has a guest.
    server_reboot_hard => HardReboot,
    /// Halts a server in memory.
    server_pause => Pause,
    /// Lets a paused server go on.
    server_unpause => Unpause,
    /// Deletes a server and all that belongs to it, whatever is being done to it.
    server_delete => Delete,
}

impl Api {
    /// Marks the server and hands the work over, as one: a caller who goes away in between leaves
    /// no mark without work.
    async fn operate(
        &self,
        context: &RequestContext,
        id: ServerId,
        operation: Operation,
    ) -> Result<Server> {
        let (api, context) = (self.clone(), context.clone());
        detached(async move { api.mark_and_hand_over(&context, id, operation).await }).await
    }

    async fn mark_and_hand_over(
        &self,
        context: &RequestContext,
        id: ServerId,
        operation: Operation,
    ) -> Result<Server> {
        let host = self.host_condition(context, id, operation).await?;
        let mut before: Option<TaskState> = None;
        let written = update_server(&self.store, &self.env, id, |server| {
            visible(context, server)?;
            let transition = server.admit(operation, caller(context), host)?;
            before = server.task_state;
            // An operation that goes on from where it is needs no new mark.
            if server.task_state == transition.first_task() {
                return Ok::<_, Error>(Change::Leave);
            }
            server.task_state = transition.first_task();
            Ok(Change::Write)
        })
        .await?;
        let marked = written.is_some();
        let work = OperateInstance {
            server_id: id,
            operation,
        };
        if let Err(error) = self.hand_over(context, work).await {
            if marked && !error.may_have_run() {
                self.unmark(id, operation, before).await;
            }
            return Err(Error::role("conductor", "take an operation")(error));
        }
        match written {
            Some(server) => Ok(shown(context, server)),
            None => self.server_show(context, id).await,
        }
    }

    /// What the table needs to know of the server's host, after asking whether the host can do
    /// it at all. Operations that do not care cost no query.
    async fn host_condition(
        &self,
        context: &RequestContext,
        id: ServerId,
        operation: Operation,
    ) -> Result<HostCondition> {
        let needs_pause = matches!(operation, Operation::Pause | Operation::Unpause);
        if rule(operation).host == HostRule::Any && !needs_pause {
            return Ok(HostCondition::Up);
        }
        let server = self.read(context, id).await?;
        let Some(name) = &server.host else {
            return Ok(HostCondition::Down);
        };
        let host = self.store.hosts().host_get(name).await?;
        let can_pause = host
            .report
            .capabilities
            .get(SUPPORTS_PAUSE)
            .is_none_or(|v| v == "true");
        if needs_pause && !can_pause {
            return Err(Error::Unsupported {
                server: id,
                host: name.clone(),
                operation,
            });
        }
        Ok(host.condition(self.env.now(), self.config.down_after))
    }

    /// Gives work to a conductor. It is accepted within the caller's deadline and
    /// [`call_timeout`](super::ApiConfig::call_timeout), or not at all.
    pub(super) async fn hand_over<C: Call>(
        &self,
        context: &RequestContext,
        work: C,
    ) -> nova_rpc::Result<()> {
        let now = self.env.now();
        let patience = match context.deadline {
            Some(deadline) => self.config.call_timeout.min(deadline.duration_since(now)),
            None => self.config.call_timeout,
        };
        // The caller's deadline is for this answer. The work goes on without it.
        let without_deadline = RequestContext {
            deadline: None,
            ..context.clone()
        };
        let accepted = self.conductor.cast(&without_deadline, work);
        tokio::time::timeout(patience, accepted)
            .await
            .unwrap_or_else(|_| {
                Err(nova_rpc::Error::TimedOut {
                    target: self.conductor.target().clone(),
                    method: C::METHOD.into(),
                    deadline: now.saturating_add(patience),
                    // It may have been on its way: then it is carried out, or taken up later.
                    may_have_run: true,
                })
            })
    }

    /// Takes back the mark of an operation that nobody will carry out.
    async fn unmark(&self, id: ServerId, operation: Operation, before: Option<TaskState>) {
        let restored = update_server(&self.store, &self.env, id, |server| {
            if server.task_state != rule(operation).path.first().copied() {
                return Ok::<_, nova_core::Error>(Change::Leave);
            }
            server.task_state = before;
            Ok(Change::Write)
        })
        .await;
        if let Err(error) = restored {
            tracing::error!(server = %id, %operation, %error, "a mark was not taken back");
        }
    }
}
