//! A connection to a monitor.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;

use super::command::{Done, QmpCapabilities, QmpCommand};
use super::wire::{Event, Message, Refusal, Request, parse};
use super::{QmpError, line};

/// How many events wait for a reader before it is told that it missed some.
const EVENT_BUFFER: usize = 256;

/// What of an error's text is kept.
const TEXT_LIMIT: usize = 1024;

type Outcome = Result<serde_json::Value, Refusal>;

/// Who waits for which answer; `None` once nobody will be answered any more.
type Waiting = Arc<Mutex<Option<BTreeMap<u64, oneshot::Sender<Outcome>>>>>;

/// A connection to a monitor. Clones share it; it closes with the last.
#[derive(Debug, Clone)]
pub(in crate::qemu) struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Away while it is written to; lost when a writer is dropped halfway through a command,
    /// since nothing sensible can follow half a line.
    writer: tokio::sync::Mutex<Option<OwnedWriteHalf>>,
    waiting: Waiting,
    next_id: AtomicU64,
    deadline: Duration,
    reader: JoinHandle<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// The events of a connection; it ends with it.
#[derive(Debug)]
pub(in crate::qemu) struct EventReader(broadcast::Receiver<Event>);

/// Some events were missed: ask how things stand.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::qemu) struct Missed;

impl EventReader {
    /// The next event; `None` when the connection is gone. Safe to cancel.
    pub(in crate::qemu) async fn next(&mut self) -> Option<Result<Event, Missed>> {
        match self.0.recv().await {
            Ok(event) => Some(Ok(event)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Err(Missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

impl Client {
    /// Speaks with the monitor at the other end: waits for its greeting and ends the negotiation.
    /// Each command has until `deadline`, and so has this.
    pub(in crate::qemu) async fn handshake(
        stream: UnixStream,
        deadline: Duration,
    ) -> Result<(Self, EventReader), QmpError> {
        let (read, write) = stream.into_split();
        let mut read = BufReader::new(read);
        let greeting = tokio::time::timeout(deadline, line::next(&mut read))
            .await
            .map_err(|_| QmpError::TimedOut {
                command: "the connection",
                after: deadline,
            })??
            .ok_or(QmpError::Closed)?;
        if parse(&greeting)? != Message::Greeting {
            return Err(QmpError::Protocol {
                reason: "the first line is not a greeting",
            });
        }
        let waiting: Waiting = Arc::new(Mutex::new(Some(BTreeMap::new())));
        let (events, reader) = broadcast::channel(EVENT_BUFFER);
        let client = Self(Arc::new(Inner {
            writer: tokio::sync::Mutex::new(Some(write)),
            waiting: Arc::clone(&waiting),
            next_id: AtomicU64::new(1),
            deadline,
            reader: tokio::spawn(read_all(read, waiting, events)),
        }));
        let Done {} = client.execute(&QmpCapabilities {}).await?;
        Ok((client, EventReader(reader)))
    }

    /// Gives a command and waits for its answer.
    pub(in crate::qemu) async fn execute<C: QmpCommand>(
        &self,
        command: &C,
    ) -> Result<C::Reply, QmpError> {
        let after = self.0.deadline;
        let outcome = tokio::time::timeout(after, self.exchange(command))
            .await
            .map_err(|_| QmpError::TimedOut {
                command: C::NAME,
                after,
            })??;
        match outcome {
            Ok(reply) => serde_json::from_value(reply).map_err(|_| QmpError::Protocol {
                reason: "a reply has another shape",
            }),
            Err(refusal) => Err(QmpError::Refused {
                command: C::NAME,
                class: bounded(refusal.class),
                description: bounded(refusal.description),
            }),
        }
    }

    async fn exchange<C: QmpCommand>(&self, command: &C) -> Result<Outcome, QmpError> {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let request = Request {
            execute: C::NAME,
            arguments: command,
            id,
        };
        let mut bytes = serde_json::to_vec(&request).map_err(|_| QmpError::Protocol {
            reason: "a command cannot be written",
        })?;
        bytes.push(b'\n');

        let place = Place::take(&self.0.waiting, id)?;
        {
            let mut writer = self.0.writer.lock().await;
            let mut half = writer.take().ok_or(QmpError::Closed)?;
            half.write_all(&bytes).await.map_err(|_| QmpError::Closed)?;
            *writer = Some(half);
        }
        place.outcome().await
    }
}

/// A place among those who wait, given up when dropped.
struct Place {
    waiting: Waiting,
    id: u64,
    receiver: oneshot::Receiver<Outcome>,
}

impl Place {
    fn take(waiting: &Waiting, id: u64) -> Result<Self, QmpError> {
        let (sender, receiver) = oneshot::channel();
        lock(waiting)
            .as_mut()
            .ok_or(QmpError::Closed)?
            .insert(id, sender);
        Ok(Self {
            waiting: Arc::clone(waiting),
            id,
            receiver,
        })
    }

    async fn outcome(mut self) -> Result<Outcome, QmpError> {
        (&mut self.receiver).await.map_err(|_| QmpError::Closed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(waiting) = lock(&self.waiting).as_mut() {
            waiting.remove(&self.id);
        }
    }
}

fn lock(
    waiting: &Waiting,
) -> std::sync::MutexGuard<'_, Option<BTreeMap<u64, oneshot::Sender<Outcome>>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads until the connection ends or says something that it must not.
async fn read_all(
    mut read: BufReader<OwnedReadHalf>,
    waiting: Waiting,
    events: broadcast::Sender<Event>,
) {
    loop {
        let message = match line::next(&mut read).await {
            Ok(Some(line)) => parse(&line),
            Ok(None) => break,
            Err(error) => Err(error),
        };
        match message {
            Ok(Message::Event(Event::Other)) => {}
            // Nobody reading events is no failure.
            Ok(Message::Event(event)) => drop(events.send(event)),
            Ok(Message::Reply { id, outcome }) => {
                let sender = lock(&waiting)
                    .as_mut()
                    .and_then(|waiting| waiting.remove(&id));
                // Whoever asked may have given up.
                if let Some(sender) = sender {
                    drop(sender.send(outcome));
                }
            }
            Ok(Message::Greeting) => {
                tracing::warn!("a monitor greets twice; its connection is closed");
                break;
            }
            Err(error) => {
                tracing::warn!(%error, "a monitor's connection is closed");
                break;
            }
        }
    }
    // Tells everybody who waits, and everybody who comes.
    lock(&waiting).take();
}

fn bounded(mut text: String) -> String {
    if text.len() > TEXT_LIMIT {
        let end = (0..=TEXT_LIMIT)
            .rev()
            .find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
