//! Building a server: plan, claim, spawn; the next host when one fails; unwinding.

use std::collections::BTreeSet;

use nova_core::id::{HostName, ServerId};
use nova_core::model::{Claim, Server};
use nova_core::state::{Operation, PowerState, TaskState, VmState};
use nova_core::{Error as CoreError, RequestContext};
use nova_sched::{PlacementRequest, Plan};

use super::faults::{Failure, Kind};
use super::role::{Inner, STORE_PATIENCE};
use crate::calls::compute::{BuildAndRunInstance, GuestRequest, TerminateInstance};
use crate::calls::scheduler::SelectDestinations;
use crate::compute::chain;
use crate::update::{Change, patiently};

/// Why a build ended without a server.
enum Ending {
    /// The server is to be deleted, or is no longer being built: somebody else's business now.
    Superseded,
    /// It failed.
    Failed(Failure),
}

impl From<CoreError> for Ending {
    fn from(error: CoreError) -> Self {
        if error.is_not_found() {
            Self::Superseded
        } else {
            Self::Failed(Failure::internal(&error))
        }
    }
}

fn is_being_built(server: &Server) -> bool {
    server.vm_state == VmState::Building
        && server
            .task_state
            .is_some_and(|task| TaskState::BUILD.contains(&task))
}

impl Inner {
    /// Builds the server, or leaves it in error with a fault that says why.
    pub(super) async fn build(&self, context: &RequestContext, id: ServerId) {
        let Some(_turn) = self.turns.take(id, Operation::Create).await else {
            return;
        };
        match self.try_build(context, id).await {
            Ok(server) => tracing::info!(server = %id, host = ?server.host, "built"),
            Err(Ending::Superseded) => tracing::info!(server = %id, "the build was called off"),
            Err(Ending::Failed(failure)) => self.fail_build(context, id, failure).await,
        }
    }

    async fn try_build(&self, context: &RequestContext, id: ServerId) -> Result<Server, Ending> {
        let server = self.read(id).await?;
        if !is_being_built(&server) {
            return Err(Ending::Superseded);
        }
        // What an earlier attempt left when its conductor died.
        let left = patiently(&self.env, STORE_PATIENCE, || {
            self.store.allocations().allocations_of(id.into())
        });
        for allocation in left.await? {
            self.unwind(context, id, &allocation.host).await;
        }

        let mut tried = BTreeSet::new();
        let mut attempts = 0;
        let mut last: Option<Failure> = None;
        for _ in 0..self.config.max_plans {
            let plan = self.plan(context, &server, &tried).await?;
            let hosts: Vec<&HostName> = plan
                .placements()
                .iter()
                .flat_map(|placement| std::iter::once(&placement.host).chain(&placement.alternates))
                .collect();
            if hosts.is_empty() {
                return Err(Ending::Failed(no_valid_host(&plan, last)));
            }
            for host in hosts {
                if !self.claim(context, &server, host).await? {
                    continue;
                }
                attempts += 1;
                match self.build_on(context, id, host).await? {
                    Ok(server) => return Ok(server),
                    Err(failure) => {
                        if failure.kind == Kind::BadRequest {
                            return Err(Ending::Failed(failure));
                        }
                        last = Some(failure);
                        tried.insert(host.clone());
                    }
                }
                if attempts >= self.config.max_attempts {
                    return Err(Ending::Failed(retries_exceeded(attempts, last)));
                }
            }
        }
        // Others were faster, every time.
        Err(Ending::Failed(retries_exceeded(attempts, last)))
    }

    async fn plan(
        &self,
        context: &RequestContext,
        server: &Server,
        tried: &BTreeSet<HostName>,
    ) -> Result<Plan, Ending> {
        let mut request = PlacementRequest::for_flavor(&server.flavor)
            .with_alternates(self.config.max_attempts.saturating_sub(1));
        for host in tried {
            request = request.with_ignored_host(host.clone());
        }
        if let Some(zone) = &server.availability_zone {
            request = request.with_zone(zone.clone());
        }
        let context = RequestContext {
            deadline: None,
            ..context.clone()
        };
        self.scheduler
            .call(
                &context,
                SelectDestinations {
                    request,
                    to_be_claimed: true,
                },
            )
            .await
            .map_err(|error| Ending::Failed(Failure::internal(&error)))
    }

    /// Claims the server's resources on the host; `false` if others took them meanwhile.
    async fn claim(
        &self,
        context: &RequestContext,
        server: &Server,
        host: &HostName,
    ) -> Result<bool, Ending> {
        let claim = Claim::on(
            server.id,
            context.request_id.clone(),
            host.clone(),
            server.flavor.resources(),
        );
        let claimed = patiently(&self.env, STORE_PATIENCE, || {
            self.store.allocations().claim(&claim)
        });
        match claimed.await {
            Ok(()) => Ok(true),
            Err(error @ (CoreError::NoCapacity { .. } | CoreError::NotFound { .. })) => {
                tracing::info!(server = %server.id, %host, %error, "a claim lost the race");
                Ok(false)
            }
            Err(error) => Err(Ending::Failed(Failure::internal(&error))),
        }
    }

    /// Builds on a host where the claim is made. Undone if it fails.
    async fn build_on(
        &self,
        context: &RequestContext,
        id: ServerId,
        host: &HostName,
    ) -> Result<Result<Server, Failure>, Ending> {
        // Block devices and networks are made with the guest, so the build goes straight on.
        let written = self
            .update(id, |server| {
                if !is_being_built(server) {
                    return Change::Leave;
                }
                server.host = Some(host.clone());
                server.task_state = Some(TaskState::Spawning);
                Change::Write
            })
            .await;
        let server = match written {
            Ok(Some(server)) => server,
            Ok(None) => {
                self.unwind(context, id, host).await;
                return Err(Ending::Superseded);
            }
            Err(error) => {
                self.unwind(context, id, host).await;
                return Err(error.into());
            }
        };

        let call = BuildAndRunInstance {
            guest: GuestRequest::from(&server),
        };
        let power_state = match self
            .ask(context, host, self.config.spawn_timeout, call)
            .await
        {
            Ok(power_state) => power_state,
            Err(error) => {
                self.unwind(context, id, host).await;
                let failure = Failure::of_host(&error, host);
                tracing::warn!(server = %id, %host, details = failure.details, "a host failed to build");
                return Ok(Err(failure));
            }
        };
        match self.finish_build(id, host, power_state).await {
            Ok(Some(server)) => Ok(Ok(server)),
            Ok(None) => {
                self.unwind(context, id, host).await;
                Err(Ending::Superseded)
            }
            Err(error) => {
                self.unwind(context, id, host).await;
                Err(error.into())
            }
        }
    }

    /// Notes that the server is built; `None` if it is not being built any more.
    async fn finish_build(
        &self,
        id: ServerId,
        host: &HostName,
        power_state: PowerState,
    ) -> nova_core::Result<Option<Server>> {
        let written = self
            .update(id, |server| {
                if !is_being_built(server) {
                    return Change::Leave;
                }
                server.vm_state = VmState::Active;
                server.task_state = None;
                server.power_state = power_state;
                server.launched_at = Some(self.env.now());
                Change::Write
            })
            .await?;
        if written.is_some() {
            return Ok(written);
        }
        // A write whose answer was lost is there all the same.
        let server = self.read(id).await?;
        let is_built = server.vm_state == VmState::Active && server.host.as_ref() == Some(host);
        Ok(is_built.then_some(server))
    }

    /// Removes the guest from the host, if it got there, and gives its resources back.
    async fn unwind(&self, context: &RequestContext, id: ServerId, host: &HostName) {
        let call = TerminateInstance { server_id: id };
        if let Err(error) = self
            .ask(context, host, self.config.operation_timeout, call)
            .await
        {
            // When the host reports again, the guest is found not to belong there and removed.
            tracing::warn!(server = %id, %host, details = error.details(), "a guest was not removed");
        }
        let released = patiently(&self.env, STORE_PATIENCE, || {
            self.store.allocations().release(id.into(), Some(host))
        });
        if let Err(error) = released.await {
            tracing::error!(server = %id, %host, error = chain(&error), "a claim was not given back");
        }
    }

    async fn fail_build(&self, context: &RequestContext, id: ServerId, failure: Failure) {
        let written = self
            .update(id, |server| {
                if !is_being_built(server) {
                    return Change::Leave;
                }
                server.vm_state = VmState::Error;
                server.task_state = None;
                server.host = None;
                Change::Write
            })
            .await;
        match written {
            Ok(Some(_)) => self.record_fault(context, id, failure).await,
            // Superseded; or written, and the answer was lost.
            Ok(None) => match self.read(id).await {
                Ok(server) if server.vm_state == VmState::Error => {
                    self.record_fault(context, id, failure).await;
                }
                _ => {}
            },
            Err(error) => {
                tracing::error!(server = %id, error = chain(&error), "a failed build was not recorded");
            }
        }
    }
}

fn no_valid_host(plan: &Plan, last: Option<Failure>) -> Failure {
    match last {
        // Some host would have had room, and failed.
        Some(last) => Failure {
            kind: Kind::RetriesExceeded,
            details: format!(
                "no other host is left; the last that was tried: {}",
                last.details
            ),
            host: last.host,
        },
        None => Failure {
            kind: Kind::NoValidHost,
            details: plan.explain().to_string(),
            host: None,
        },
    }
}

fn retries_exceeded(attempts: u32, last: Option<Failure>) -> Failure {
    match last {
        Some(last) => Failure {
            kind: Kind::RetriesExceeded,
            details: format!("tried {attempts} hosts; the last: {}", last.details),
            host: last.host,
        },
        None => Failure {
            kind: Kind::RetriesExceeded,
            details: "others claimed every host that was planned with".to_owned(),
            host: None,
        },
    }
}
