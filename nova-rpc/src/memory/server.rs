//! One server: its handlers in flight and its backlog.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nova_core::Env;
use tokio::runtime::Handle;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::work::{Answer, Work};
use crate::dispatch::dispatch;
use crate::handler::Handler;
use crate::serve::ServeOptions;
use crate::target::Endpoint;

/// A server. Whoever sends to it takes a free place among its handlers, or one in its backlog.
///
/// There is no task that receives: the sender spawns the handler's task, and a task that has
/// done its work goes on with what waits.
pub(super) struct Server {
    pub(super) endpoint: Endpoint,
    pub(super) options: ServeOptions,
    handler: Arc<dyn Handler>,
    env: Env,
    /// Where handlers run: the runtime that serves, not the one that calls.
    runtime: Handle,
    queue: Mutex<Queue>,
    /// One permit for each free place in the backlog; first come, first served.
    room: Arc<Semaphore>,
    pub(super) tasks: TaskTracker,
    /// Ends running handlers.
    pub(super) abort: CancellationToken,
}

/// Something waits only while every place is taken.
#[derive(Default)]
struct Queue {
    running: usize,
    waiting: VecDeque<(Box<Work>, OwnedSemaphorePermit)>,
    closed: bool,
}

/// Work that a server did not take.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) work: Box<Work>,
    /// Whether the server is closed, rather than full.
    pub(super) closed: bool,
}

/// Where in the server work may go.
pub(super) enum Place {
    /// Among the handlers, if one is free.
    Handler,
    /// There, or into the backlog if there is room.
    Anywhere,
    /// There, or into this place of the backlog.
    Kept(OwnedSemaphorePermit),
}

impl Server {
    pub(super) fn new(
        endpoint: Endpoint,
        options: ServeOptions,
        handler: Arc<dyn Handler>,
        env: Env,
        runtime: Handle,
    ) -> Self {
        let room = Arc::new(Semaphore::new(
            options.backlog.clamp(1, Semaphore::MAX_PERMITS),
        ));
        Self {
            endpoint,
            options,
            handler,
            env,
            runtime,
            queue: Mutex::default(),
            room,
            tasks: TaskTracker::new(),
            abort: CancellationToken::new(),
        }
    }

    /// Takes the work, or gives it back at once.
    pub(super) fn offer(self: &Arc<Self>, work: Box<Work>, place: Place) -> Result<(), Refused> {
        let mut queue = self.queue();
        if queue.closed {
            return Err(Refused { work, closed: true });
        }
        if queue.running < self.options.max_in_flight.max(1) {
            queue.running += 1;
            // Tracked before the lock is released: a stop that comes now waits for it.
            let task = self.tasks.track_future(Arc::clone(self).run(work));
            drop(queue);
            self.runtime.spawn(task);
            return Ok(());
        }
        let permit = match place {
            Place::Handler => None,
            Place::Anywhere => Arc::clone(&self.room).try_acquire_owned().ok(),
            Place::Kept(permit) => Some(permit),
        };
        match permit {
            Some(permit) => queue.waiting.push_back((work, permit)),
            None => {
                return Err(Refused {
                    work,
                    closed: false,
                });
            }
        }
        Ok(())
    }

    /// Waits for a place in the backlog; fails when the server closes.
    pub(super) async fn room(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        Arc::clone(&self.room).acquire_owned().await
    }

    /// Accepts nothing more, and hands out what has not begun.
    pub(super) fn close(&self) -> impl Iterator<Item = Box<Work>> {
        let mut queue = self.queue();
        queue.closed = true;
        self.room.close();
        self.tasks.close();
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        waiting.into_iter().map(|(work, _)| work)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // No code that can panic runs under the lock.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next of the backlog; or none, and the place is free.
    fn next(&self) -> Option<Box<Work>> {
        let mut queue = self.queue();
        let next = queue.waiting.pop_front();
        if next.is_none() {
            queue.running -= 1;
        }
        next.map(|(work, _)| work)
    }

    /// One place among the handlers, from its first work until nothing waits.
    async fn run(self: Arc<Self>, first: Box<Work>) {
        let mut next = Some(first);
        while let Some(work) = next {
            self.handle(work).await;
            next = self.next();
            // Handlers that never wait must not keep the thread from others.
            tokio::task::coop::consume_budget().await;
        }
    }

    async fn handle(&self, work: Box<Work>) {
        if work.request.has_expired(&self.env) {
            return work.refuse(Answer::Expired);
        }
        let Work {
            request,
            reply,
            route: _,
        } = *work;
        let method = reply.is_none().then(|| request.method.clone());
        let outcome = tokio::select! {
            biased;
            // First, so that a handler that would see its own calls fail because their servers
            // were stopped hard with it never acts on that.
            () = self.abort.cancelled() => return,
            outcome = dispatch(&*self.handler, &self.endpoint, request) => outcome,
        };
        match (reply, outcome) {
            // A caller that went away does not miss it.
            (Some(reply), outcome) => drop(reply.send(Answer::Done(outcome))),
            (None, Ok(_)) => {}
            (None, Err(error)) => {
                let endpoint = &self.endpoint;
                tracing::warn!(%endpoint, method = ?method, %error, "a cast failed");
            }
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.queue();
        f.debug_struct("Server")
            .field("endpoint", &self.endpoint)
            .field("running", &queue.running)
            .field("waiting", &queue.waiting.len())
            .finish_non_exhaustive()
    }
}
