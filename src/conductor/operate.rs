//! Carrying out an operation on a server that exists.

use nova_core::RequestContext;
use nova_core::id::{HostName, ServerId};
use nova_core::model::Server;
use nova_core::state::{Operation, PowerState, TaskState, rule};

use super::computes::HostError;
use super::faults::{Failure, Kind};
use super::role::Inner;
use crate::calls::compute::{
    PauseInstance, RebootInstance, Shutdown, StartInstance, StopInstance, UnpauseInstance,
};
use crate::compute::{FailureKind, chain};
use crate::update::Change;

/// Whether the server is in one of the operation's own task states.
fn is_under_way(operation: Operation, server: &Server) -> bool {
    server
        .task_state
        .is_some_and(|task| rule(operation).path.contains(&task))
}

impl Inner {
    /// Carries the operation out, unless the server has moved on since it was admitted.
    pub(super) async fn operate(
        &self,
        context: &RequestContext,
        id: ServerId,
        operation: Operation,
    ) {
        let Some(_turn) = self.turns.take(id, operation).await else {
            return;
        };
        let server = match self.read(id).await {
            Ok(server) => server,
            Err(error) => {
                tracing::error!(server = %id, error = chain(&error), "a server cannot be read");
                return;
            }
        };
        if !is_under_way(operation, &server) {
            tracing::info!(server = %id, %operation, "the operation was overtaken by another");
            return;
        }
        match operation {
            Operation::Delete | Operation::ForceDelete => self.delete(context, &server).await,
            _ => self.operate_guest(context, &server, operation).await,
        }
    }

    async fn operate_guest(&self, context: &RequestContext, server: &Server, operation: Operation) {
        let id = server.id;
        let Some(host) = &server.host else {
            let details = "the server is on no host".to_owned();
            let failure = Failure {
                kind: Kind::HostFailed,
                details,
                host: None,
            };
            return self
                .fail_operation(context, server, operation, failure)
                .await;
        };
        for task in rule(operation).path.iter().skip(1) {
            self.advance(id, operation, *task).await;
        }
        match self.ask_for(context, host, id, operation).await {
            Ok(power_state) => self.finish(id, operation, power_state).await,
            Err(error) => {
                let failure = Failure::of_host(&error, host);
                self.fail_operation(context, server, operation, failure)
                    .await;
            }
        }
    }

    async fn ask_for(
        &self,
        context: &RequestContext,
        host: &HostName,
        server_id: ServerId,
        operation: Operation,
    ) -> Result<PowerState, HostError> {
        let timeout = self.config.operation_timeout;
        let patience = self.config.shutdown_timeout;
        let patient = timeout.saturating_add(patience);
        let soft = Shutdown::Graceful(patience);
        match operation {
            Operation::Start => {
                self.ask(context, host, timeout, StartInstance { server_id })
                    .await
            }
            Operation::Stop => {
                self.ask(
                    context,
                    host,
                    patient,
                    StopInstance {
                        server_id,
                        shutdown: soft,
                    },
                )
                .await
            }
            Operation::SoftReboot => {
                self.ask(
                    context,
                    host,
                    patient,
                    RebootInstance {
                        server_id,
                        shutdown: soft,
                    },
                )
                .await
            }
            Operation::HardReboot => {
                let call = RebootInstance {
                    server_id,
                    shutdown: Shutdown::Hard,
                };
                self.ask(context, host, timeout, call).await
            }
            Operation::Pause => {
                self.ask(context, host, timeout, PauseInstance { server_id })
                    .await
            }
            Operation::Unpause => {
                self.ask(context, host, timeout, UnpauseInstance { server_id })
                    .await
            }
            other => Err(HostError::Failed(crate::compute::ComputeFailure {
                kind: FailureKind::Unsupported,
                message: format!("no host is asked to {other} servers"),
                same_elsewhere: true,
            })),
        }
    }

    /// Notes the next step of an operation.
    async fn advance(&self, id: ServerId, operation: Operation, task: TaskState) {
        let written = self
            .update(id, |server| {
                if !is_under_way(operation, server) {
                    return Change::Leave;
                }
                server.task_state = Some(task);
                Change::Write
            })
            .await;
        if let Err(error) = written {
            // Only what is shown meanwhile: the end of the operation is written on its own.
            tracing::warn!(server = %id, %task, error = chain(&error), "a step was not noted");
        }
    }

    async fn finish(&self, id: ServerId, operation: Operation, power_state: PowerState) {
        let written = self
            .update(id, |server| {
                if !is_under_way(operation, server) {
                    return Change::Leave;
                }
                server.vm_state = rule(operation).outcome.after(server.vm_state);
                server.task_state = None;
                server.power_state = power_state;
                Change::Write
            })
            .await;
        if let Err(error) = written {
            tracing::error!(server = %id, %operation, error = chain(&error), "an end was not noted");
        }
    }

    /// The server is as it was before, as far as anybody knows, with a fault. What the host really
    /// did shows in its next report.
    async fn fail_operation(
        &self,
        context: &RequestContext,
        server: &Server,
        operation: Operation,
        failure: Failure,
    ) {
        let written = self
            .update(server.id, |server| {
                if !is_under_way(operation, server) {
                    return Change::Leave;
                }
                server.task_state = None;
                Change::Write
            })
            .await;
        if let Err(error) = written {
            tracing::error!(server = %server.id, %operation, error = chain(&error), "a failure was not noted");
        }
        self.record_fault(context, server.id, failure).await;
    }
}
