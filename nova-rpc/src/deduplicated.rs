//! Effects that happen once, however often they are asked for.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use nova_core::id::{ProjectId, UserId};
use nova_core::{Env, Timestamp};
use tokio::sync::watch;

use crate::dispatch::catch_panic;
use crate::handler::Handler;
use crate::idempotency::IdempotencyKey;
use crate::payload::Payload;
use crate::remote_error::RemoteError;
use crate::request::Request;

type Outcome = Result<Payload, RemoteError>;

/// Runs a handler once for each idempotency key, and answers repetitions with the outcome of the
/// first, be it a reply or a failure.
///
/// A repetition that comes while the first runs waits for it, and counts as a handler in flight.
/// Outcomes are kept for the time and up to the number of [`RememberOptions`]; the oldest goes
/// first. They are kept in memory: a server that restarts has forgotten them, and an effect that
/// must survive that is made idempotent in the store.
///
/// A key is one caller's and one method's: the same text from another user or project, or for
/// another method, is another key. Arguments are not compared.
///
/// If the first is dropped halfway, as when its server stops hard, nothing is remembered:
/// whoever waits for it gets a failure of class `Interrupted`, and the next repetition runs.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
///
/// use nova_core::{Env, RequestContext};
/// use nova_rpc::{
///     Deduplicated, Handler, IdempotencyKey, Payload, RememberOptions, Request, handler_fn,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let env = Env::system();
/// let effects = Arc::new(AtomicU32::new(0));
/// let counted = Arc::clone(&effects);
/// let build = handler_fn(move |_| {
///     let nth = counted.fetch_add(1, Ordering::Relaxed);
///     async move { Ok(Payload::new(nth)) }
/// });
/// let build = Deduplicated::new(env.clone(), RememberOptions::default(), build);
///
/// let context = RequestContext::new(&env, "alice".parse()?, "research".parse()?);
/// let deadline = env.now().saturating_add(Duration::from_secs(5));
/// let key = IdempotencyKey::new("build-7");
/// let request = Request::new("build", Payload::null(), context, deadline, key);
/// build.handle(request.clone()).await?;
/// build.handle(request).await?;
/// assert_eq!(effects.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
pub struct Deduplicated<H> {
    inner: H,
    env: Env,
    options: RememberOptions,
    memory: Mutex<Memory>,
}

/// How much [`Deduplicated`] remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RememberOptions {
    /// How many outcomes.
    pub capacity: usize,
    /// For how long.
    pub keep: Duration,
}

impl Default for RememberOptions {
    /// 4096 outcomes, ten minutes.
    fn default() -> Self {
        Self {
            capacity: 4096,
            keep: Duration::from_secs(600),
        }
    }
}

impl RememberOptions {
    /// This many outcomes.
    #[must_use]
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// For this long.
    #[must_use]
    pub fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    project: ProjectId,
    user: UserId,
    namespace: Option<String>,
    method: String,
    key: IdempotencyKey,
}

impl Key {
    fn of(request: &Request) -> Self {
        Self {
            project: request.context.project_id.clone(),
            user: request.context.user_id.clone(),
            namespace: request.namespace.as_deref().map(str::to_owned),
            method: request.method.clone().into_owned(),
            key: request.idempotency_key.clone(),
        }
    }
}

/// Every `Done` entry has one record in `order`, oldest first; running ones have none.
#[derive(Default)]
struct Memory {
    entries: HashMap<Key, Entry>,
    order: VecDeque<(Timestamp, Key)>,
}

enum Entry {
    Running(watch::Receiver<Option<Outcome>>),
    Done(Outcome),
}

impl Memory {
    fn forget(&mut self, options: &RememberOptions, now: Timestamp) {
        while let Some((done_at, _)) = self.order.front() {
            let full = self.order.len() > options.capacity;
            if !full && now.duration_since(*done_at) < options.keep {
                return;
            }
            if let Some((_, key)) = self.order.pop_front() {
                self.entries.remove(&key);
            }
        }
    }
}

impl<H> Deduplicated<H> {
    /// Wraps a handler.
    pub fn new(env: Env, options: RememberOptions, inner: H) -> Self {
        Self {
            inner,
            env,
            options,
            memory: Mutex::default(),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to be the first, or what the first has to say.
    fn enter(&self, key: &Key) -> Entered<'_, H> {
        let now = self.env.now();
        let mut memory = self.memory();
        memory.forget(&self.options, now);
        match memory.entries.get(key) {
            Some(Entry::Done(outcome)) => Entered::Known(outcome.clone()),
            Some(Entry::Running(outcome)) => Entered::Wait(outcome.clone()),
            None => {
                let (sender, receiver) = watch::channel(None);
                memory.entries.insert(key.clone(), Entry::Running(receiver));
                Entered::First(First {
                    owner: self,
                    key: Some(key.clone()),
                    sender,
                })
            }
        }
    }
}

enum Entered<'a, H> {
    First(First<'a, H>),
    Wait(watch::Receiver<Option<Outcome>>),
    Known(Outcome),
}

/// The run that the others wait for. Dropped unfinished, it leaves no trace.
struct First<'a, H> {
    owner: &'a Deduplicated<H>,
    key: Option<Key>,
    sender: watch::Sender<Option<Outcome>>,
}

impl<H> First<'_, H> {
    fn finish(mut self, outcome: &Outcome) {
        if let Some(key) = self.key.take() {
            let now = self.owner.env.now();
            let mut memory = self.owner.memory();
            memory
                .entries
                .insert(key.clone(), Entry::Done(outcome.clone()));
            memory.order.push_back((now, key));
            memory.forget(&self.owner.options, now);
        }
        self.sender.send_replace(Some(outcome.clone()));
    }
}

impl<H> Drop for First<'_, H> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.owner.memory().entries.remove(&key);
        }
    }
}

#[async_trait]
impl<H: Handler> Handler for Deduplicated<H> {
    async fn handle(&self, request: Request) -> Outcome {
        match self.enter(&Key::of(&request)) {
            Entered::Known(outcome) => outcome,
            Entered::Wait(mut outcome) => match outcome.wait_for(Option::is_some).await {
                Ok(outcome) => outcome.clone().unwrap_or_else(|| Err(interrupted())),
                Err(_) => Err(interrupted()),
            },
            Entered::First(first) => {
                let run = async move { self.inner.handle(request).await };
                let outcome = catch_panic(run).await.unwrap_or_else(Err);
                first.finish(&outcome);
                outcome
            }
        }
    }
}

fn interrupted() -> RemoteError {
    RemoteError::new(
        "Interrupted",
        "the first request under this key was dropped halfway",
    )
}

impl<H: fmt::Debug> fmt::Debug for Deduplicated<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deduplicated")
            .field("inner", &self.inner)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
