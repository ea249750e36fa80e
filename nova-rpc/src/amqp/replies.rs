//! The reply queue and those who wait for answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use nova_core::Env;
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, oneshot, watch};
use uuid::Uuid;

use super::alive::acknowledge;
use super::codec::{Outcome, read_reply};
use super::config::AmqpConfig;
use super::error::{Closed, failed};
use super::feed::{Fed, Feed};
use super::incoming::read_message;
use super::link::Link;
use super::stats::Counters;
use super::topology::Queue;
use crate::error::Result;

/// How many replies are acknowledged at once.
const BATCH: usize = 64;

/// What comes back to a caller.
#[derive(Debug)]
pub(super) enum Answer {
    Done(Outcome),
    /// No answer can be counted on any more: the reply queue was gone for a while, or the
    /// transport was closed.
    Lost,
}

/// The reply queue of one transport, consumed from the first call on.
#[derive(Debug)]
pub(super) struct Replies {
    pub(super) queue: Queue,
    waiters: Arc<Waiters>,
    /// The number of the queue's present opening, from the first call on.
    epoch: OnceCell<watch::Receiver<Option<u64>>>,
}

#[derive(Debug)]
struct Waiters {
    calls: Mutex<BTreeMap<Uuid, Waiter>>,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Waiter {
    /// The opening of the queue at which it began to wait.
    epoch: u64,
    answer: oneshot::Sender<Answer>,
    /// The outcome, from an old server that sends the end of it separately.
    outcome: Option<Outcome>,
}

/// One call that waits. Dropping it forgets the call.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: Uuid,
    pub(super) answer: oneshot::Receiver<Answer>,
    waiters: Arc<Waiters>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waiters.lock().remove(&self.id);
    }
}

impl Replies {
    pub(super) fn new(env: &Env, config: &AmqpConfig, counters: Arc<Counters>) -> Self {
        let id = env.uuid().simple().to_string();
        Self {
            queue: Queue::of_replies(&id, config.queue_expiry),
            waiters: Arc::new(Waiters {
                calls: Mutex::default(),
                counters,
            }),
            epoch: OnceCell::new(),
        }
    }

    /// Waits until the queue is consumed; the first one begins that.
    ///
    /// A call is not sent before: if the queue is gone, the answer would be.
    pub(super) async fn consume(
        &self,
        link: &Link,
        config: &Arc<AmqpConfig>,
        runtime: &Handle,
    ) -> Result<u64> {
        let begin = async || {
            let queues = vec![self.queue.clone()];
            let feed = Feed::open(link, config, queues, config.max_prefetch, "call").await?;
            let (limit, epoch) = (config.max_message_bytes, feed.epoch());
            runtime.spawn(receive(feed, Arc::clone(&self.waiters), limit));
            Ok(epoch)
        };
        let mut epoch = self.epoch.get_or_try_init(begin).await?.clone();
        let opened = epoch.wait_for(Option::is_some).await;
        let opened = opened.ok().and_then(|epoch| *epoch);
        opened.ok_or_else(|| failed("call", false, Closed))
    }

    /// Registers a call that began when the queue was open for this time.
    pub(super) fn wait(&self, env: &Env, epoch: u64) -> Waiting {
        let id = env.uuid();
        let (sender, answer) = oneshot::channel();
        let waiter = Waiter {
            epoch,
            answer: sender,
            outcome: None,
        };
        self.waiters.lock().insert(id, waiter);
        Waiting {
            id,
            answer,
            waiters: Arc::clone(&self.waiters),
        }
    }
}

/// Hands replies out until the transport is closed.
async fn receive(mut feed: Feed, waiters: Arc<Waiters>, limit: usize) {
    while let Some(fed) = feed.next().await {
        let mut last = match fed {
            Fed::Delivery(delivery) => delivery,
            Fed::QueueLost => {
                tracing::warn!("the reply queue was lost, and with it answers may be");
                let now = feed.epoch().borrow().unwrap_or(u64::MAX);
                waiters.lose_before(now);
                continue;
            }
        };
        waiters.take(&last, limit);
        for _ in 1..BATCH {
            let Some(next) = feed.ready() else {
                break;
            };
            waiters.take(&next, limit);
            last = next;
        }
        // All of the channel's, which has no other consumer. If it is lost they come again, and
        // nobody waits for them any more.
        acknowledge(&last, BasicAckOptions { multiple: true }).await;
    }
    waiters.lose_before(u64::MAX);
}

impl Waiters {
    fn take(&self, delivery: &Delivery, limit: usize) {
        let reply = match read_message(delivery, limit).and_then(read_reply) {
            Ok(reply) => reply,
            Err(error) => {
                self.counters.rejected.count();
                tracing::warn!(%error, "a reply cannot be read");
                return;
            }
        };
        let mut calls = self.lock();
        let id = Uuid::try_parse(&reply.msg_id).unwrap_or_default();
        let Some(waiter) = calls.get_mut(&id) else {
            drop(calls);
            self.counters.late_replies.count();
            tracing::debug!(msg_id = reply.msg_id, "nobody waits for a reply");
            return;
        };
        let says_nothing = reply.outcome == Ok(serde_json::Value::Null);
        if !reply.ending {
            if !says_nothing {
                waiter.outcome = Some(reply.outcome);
            }
            return;
        }
        if let Some(waiter) = calls.remove(&id) {
            let outcome = match waiter.outcome {
                Some(earlier) if says_nothing => earlier,
                Some(_) | None => reply.outcome,
            };
            // A caller that went away in this moment does not miss it.
            let _ = waiter.answer.send(Answer::Done(outcome));
        }
    }

    /// Tells those who began to wait at an earlier opening of the queue.
    fn lose_before(&self, epoch: u64) {
        let mut calls = self.lock();
        let all = std::mem::take(&mut *calls);
        for (id, waiter) in all {
            if waiter.epoch < epoch {
                let _ = waiter.answer.send(Answer::Lost);
            } else {
                calls.insert(id, waiter);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, Waiter>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::codec::write_reply;
    use super::*;

    const LIMIT: usize = 4096;

    fn waiters() -> (Replies, Env) {
        let env = Env::system();
        let config = AmqpConfig::new("amqp://broker/%2f".parse().unwrap());
        (Replies::new(&env, &config, Arc::default()), env)
    }

    fn take(replies: &Replies, body: Vec<u8>) {
        let delivery = Delivery::mock(1, "".into(), "".into(), false, body);
        replies.waiters.take(&delivery, LIMIT);
    }

    fn answer(replies: &Replies, id: Uuid, outcome: Option<&Outcome>) {
        let body = write_reply(&id.simple().to_string(), "unique", outcome).unwrap();
        take(replies, body);
    }

    #[test]
    fn each_call_gets_its_answer_and_a_forgotten_one_none() {
        let (replies, env) = waiters();
        let (mut one, mut two) = (replies.wait(&env, 1), replies.wait(&env, 1));
        let forgotten = replies.wait(&env, 1);
        let late = forgotten.id;
        drop(forgotten);
        for (id, value) in [(two.id, 2), (late, 3), (one.id, 1), (one.id, 4)] {
            answer(&replies, id, None);
            answer(&replies, id, Some(&Ok(json!(value))));
        }
        for (waiting, value) in [(&mut one, 1), (&mut two, 2)] {
            let Ok(Answer::Done(Ok(answer))) = waiting.answer.try_recv() else {
                panic!("no answer")
            };
            assert_eq!(answer, json!(value));
        }
        let stats = replies.waiters.counters.snapshot();
        assert_eq!((stats.late_replies, stats.rejected), (4, 0));
        assert!(replies.waiters.lock().is_empty());
    }

    #[test]
    fn an_old_servers_outcome_waits_for_its_end() {
        let (replies, env) = waiters();
        let mut waiting = replies.wait(&env, 1);
        let id = waiting.id.simple();
        for message in [
            json!({"_msg_id": id, "result": 7, "failure": null, "ending": false}),
            json!({"_msg_id": id, "result": null, "failure": null, "ending": true}),
        ] {
            assert!(waiting.answer.try_recv().is_err());
            take(&replies, message.to_string().into_bytes());
        }
        let answer = waiting.answer.try_recv();
        assert!(matches!(answer, Ok(Answer::Done(Ok(value))) if value == 7));
    }

    #[test]
    fn what_is_no_reply_is_counted_and_what_is_lost_is_told() {
        let (replies, env) = waiters();
        let mut waiting = replies.wait(&env, 1);
        take(&replies, b"{".to_vec());
        take(&replies, vec![b' '; LIMIT + 1]);
        take(&replies, b"{}".to_vec());
        assert_eq!(replies.waiters.counters.snapshot().rejected, 3);
        let mut later = replies.wait(&env, 2);
        replies.waiters.lose_before(2);
        assert!(matches!(waiting.answer.try_recv(), Ok(Answer::Lost)));
        answer(&replies, later.id, Some(&Ok(json!("kept"))));
        assert!(matches!(later.answer.try_recv(), Ok(Answer::Done(Ok(_)))));
    }
}
