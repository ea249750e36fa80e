//! The transport itself.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::{join_all, select_all};
use nova_core::{Env, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::registry::{Registry, Sent};
use super::server::{Place, Server};
use super::serving::MemoryServing;
use super::subscriber::MemorySubscribing;
use super::work::{Answer, Work};
use crate::capabilities::Capabilities;
use crate::error::{Error, Result};
use crate::handler::Handler;
use crate::notification::{Notification, NotificationHandler, Subscription};
use crate::payload::Payload;
use crate::request::Request;
use crate::serve::{ServeOptions, ServerHandle};
use crate::target::{Endpoint, Route, Target};
use crate::transport::Transport;

/// The transport of roles that live in one process. Clones share everything.
///
/// Values pass as they are, without being serialised. Of a topic's servers each gets a request in
/// turn; one that has no free handler is passed over for one that has. What a stopping server has
/// not begun goes to another of the topic, or of its name if it was called by that. Nothing is durable:
/// notifications reach who subscribes while they are sent, and are redelivered only while another
/// member of the group lives.
///
/// A server's handlers run on the runtime that called [`serve`](Transport::serve), wherever calls
/// come from; nothing here blocks a thread. With [`Env::simulated`] and tokio's paused time the
/// whole transport runs in virtual time. All of it needs a tokio runtime with time enabled.
///
/// See [`Client`](crate::Client) for an example.
#[derive(Clone)]
pub struct MemoryTransport {
    env: Env,
    registry: Arc<Registry>,
}

impl MemoryTransport {
    /// A transport that nobody listens to yet, and whose deadlines are by the clock of `env`.
    pub fn new(env: Env) -> Self {
        Self {
            env,
            registry: Arc::default(),
        }
    }

    fn runtime(&self, operation: &'static str) -> Result<Handle> {
        Handle::try_current().map_err(|error| Error::Transport {
            transport: self.name(),
            operation,
            transient: false,
            source: error.into(),
        })
    }

    /// Gives the work to one server, and waits for room where there is none.
    async fn send(&self, target: &Target, mut work: Box<Work>) -> Result<()> {
        loop {
            let full = match self.registry.send(target, work) {
                Sent::Accepted => return Ok(()),
                Sent::Nobody(work) => {
                    let method = work.request.method.clone();
                    return Err(Error::Unreachable {
                        target: target.clone(),
                        method,
                    });
                }
                Sent::Full(same, full) => {
                    work = same;
                    full
                }
            };
            let (room, index, _) =
                select_all(full.iter().map(|server| server.room().boxed())).await;
            // Without room it has closed: look again who listens.
            if let Ok(place) = room {
                match full[index].offer(work, Place::Kept(place)) {
                    Ok(()) => return Ok(()),
                    Err(refused) => work = refused.work,
                }
            }
        }
    }

    /// Gives each listener its own copy, and waits for those that are full.
    async fn send_to_all(&self, target: &Target, request: &Request) {
        let sends = self
            .registry
            .servers(target)
            .into_iter()
            .map(|server| async move {
                let work = Work::new(request.clone(), None, Route::Fanout);
                // A listener that closes is no listener any more.
                let Err(refused) = server.offer(work, Place::Anywhere) else {
                    return;
                };
                if let Ok(place) = server.room().await {
                    let _ = server.offer(refused.work, Place::Kept(place));
                }
            });
        join_all(sends).await;
    }
}

#[async_trait]
impl Transport for MemoryTransport {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            durable: false,
            mandatory: true,
            expiry: true,
            requeue: true,
            handover: true,
            typed: true,
        }
    }

    async fn call(&self, target: &Target, request: Request) -> Result<Payload> {
        if target.is_fanout() {
            let reason = "a call has one answer, and a fan-out any number";
            return Err(Error::InvalidTarget {
                target: target.clone(),
                reason,
            });
        }
        let (method, deadline) = (request.method.clone(), request.deadline);
        let limit = request.remaining(&self.env);
        let (reply, answer) = oneshot::channel();
        let mut accepted = false;
        let answer = if limit.is_zero() {
            Ok(Ok(Answer::Expired))
        } else {
            let work = Work::new(request, Some(reply), target.route.clone());
            tokio::time::timeout(limit, async {
                self.send(target, work).await?;
                accepted = true;
                let lost = |_| Error::NoReply {
                    target: target.clone(),
                    method: method.clone(),
                };
                answer.await.map_err(lost)
            })
            .await
        };
        let target = || target.clone();
        match answer {
            Ok(Ok(Answer::Done(outcome))) => outcome.map_err(Error::Remote),
            Ok(Ok(Answer::Expired)) => Err(Error::TimedOut {
                target: target(),
                method,
                deadline,
                may_have_run: false,
            }),
            Ok(Ok(Answer::GivenBack)) => {
                let source = "the server stopped before it began".into();
                Err(Error::NotSent {
                    target: target(),
                    method,
                    transient: true,
                    source,
                })
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::TimedOut {
                target: target(),
                method,
                deadline,
                may_have_run: accepted,
            }),
        }
    }

    async fn cast(&self, target: &Target, request: Request) -> Result<()> {
        let (method, deadline) = (request.method.clone(), request.deadline);
        let limit = request.remaining(&self.env);
        let timed_out = |may_have_run| {
            let (target, method) = (target.clone(), method.clone());
            Error::TimedOut {
                target,
                method,
                deadline,
                may_have_run,
            }
        };
        if limit.is_zero() {
            return Err(timed_out(false));
        }
        if target.is_fanout() {
            let sent = tokio::time::timeout(limit, self.send_to_all(target, &request)).await;
            return sent.map_err(|_| timed_out(true));
        }
        let work = Work::new(request, None, target.route.clone());
        match tokio::time::timeout(limit, self.send(target, work)).await {
            Ok(sent) => sent,
            Err(_) => Err(timed_out(false)),
        }
    }

    async fn serve(
        &self,
        listen: &Endpoint,
        options: ServeOptions,
        handler: Arc<dyn Handler>,
    ) -> Result<ServerHandle> {
        let (endpoint, env) = (listen.clone(), self.env.clone());
        let runtime = self.runtime("serve")?;
        let server = Arc::new(Server::new(endpoint, options, handler, env, runtime));
        self.registry.add_server(Arc::clone(&server));
        Ok(ServerHandle::new(MemoryServing {
            registry: Arc::clone(&self.registry),
            server,
        }))
    }

    async fn notify(
        &self,
        topic: &str,
        notification: Notification,
        deadline: Timestamp,
    ) -> Result<()> {
        let groups = self.registry.groups(topic);
        // A group that goes away while we wait is no group any more.
        let pushes = groups
            .iter()
            .map(|group| group.push(notification.clone()).map(drop));
        let limit = deadline.duration_since(self.env.now());
        tokio::time::timeout(limit, join_all(pushes))
            .await
            .map(drop)
            .map_err(|_| {
                let (target, method) = (Target::topic(topic), notification.event_type.to_string());
                Error::TimedOut {
                    target,
                    method: method.into(),
                    deadline,
                    may_have_run: true,
                }
            })
    }

    async fn subscribe(
        &self,
        subscription: &Subscription,
        options: ServeOptions,
        handler: Arc<dyn NotificationHandler>,
    ) -> Result<ServerHandle> {
        Ok(ServerHandle::new(MemorySubscribing::begin(
            &self.runtime("subscribe")?,
            &self.registry,
            subscription,
            options,
            handler,
        )))
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTransport")
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}
