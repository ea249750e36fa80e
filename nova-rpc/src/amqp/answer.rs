//! The way back to a caller.

use std::sync::Arc;
use std::time::Duration;

use nova_core::Timestamp;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::codec::{Outcome, ReplyTo, write_reply};
use super::publisher::{Destination, Outgoing, Published, Unpublished};
use super::shared::Shared;
use crate::payload::Payload;
use crate::remote_error::RemoteError;

/// The rest between attempts at a reply whose queue is missing, as in `oslo.messaging`.
const RETRY: Duration = Duration::from_millis(250);

/// The class of the failure that stands for no answer: the server was stopped over the work.
const SERVER_STOPPED: &str = "ServerStopped";

/// What a caller gets whose work was dropped halfway.
pub(super) fn stopped() -> RemoteError {
    RemoteError::new(
        SERVER_STOPPED,
        "the server was stopped before the work came to its end",
    )
}

/// Whether a failure is that.
pub(super) fn is_stopped(failure: &RemoteError) -> bool {
    (failure.class(), failure.module()) == (SERVER_STOPPED, RemoteError::MODULE)
}

/// What a handler answered, as it is written. A value that cannot be is a failure of its own.
pub(super) fn written(outcome: Result<Payload, RemoteError>) -> Outcome {
    let value = outcome?;
    value
        .to_json()
        .map_err(|error| RemoteError::from_error("UnserializableResult", &error))
}

/// Sends the outcome of a call, and goes on trying while its queue is missing and anybody may
/// wait.
///
/// `place` is the work's among its server's handlers. It is kept while the broker is slow, and
/// given up when the caller's queue is missing.
pub(super) async fn reply(
    shared: &Arc<Shared>,
    to: &ReplyTo,
    outcome: Outcome,
    deadline: Timestamp,
    place: Option<OwnedSemaphorePermit>,
) {
    let mut place = place;
    let Some(body) = body(shared, to, Some(&outcome)) else {
        shared.counters.lost_replies.count();
        return;
    };
    let latest = shared.env.now().saturating_add(shared.config.reply_retry);
    let until = deadline.min(latest);
    loop {
        match send(shared, to, Arc::clone(&body)).await {
            Ok(Published::Accepted) => return,
            Ok(Published::Unroutable) => drop(place.take()),
            Err(Unpublished::NotSent {
                transient: false,
                source,
            }) => {
                shared.counters.lost_replies.count();
                tracing::warn!(queue = %to.queue, error = %source, "a reply cannot be sent");
                return;
            }
            // A reply that comes twice is ignored the second time.
            Err(Unpublished::NotSent { .. } | Unpublished::Unknown { .. }) => {}
        }
        if shared.env.now() >= until {
            shared.counters.lost_replies.count();
            tracing::warn!(queue = %to.queue, "a reply found nobody");
            return;
        }
        tokio::select! {
            biased;
            () = shared.shutdown.cancelled() => return,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

/// Tells the caller that the work goes on, again and again until told to stop. Spawned, and
/// awaited after it is told, so that none comes after the outcome.
pub(super) async fn heartbeats(
    shared: Arc<Shared>,
    to: ReplyTo,
    every: Duration,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        if let Some(body) = body(&shared, &to, None) {
            let _ = send(&shared, &to, body).await;
        }
    }
}

/// The body of a reply, or of a failure where the outcome makes none.
fn body(shared: &Shared, to: &ReplyTo, outcome: Option<&Outcome>) -> Option<Arc<Vec<u8>>> {
    let unique_id = shared.env.uuid().simple().to_string();
    let write = |outcome: Option<&Outcome>| write_reply(&to.msg_id, &unique_id, outcome);
    let limit = shared.config.max_message_bytes;
    let failure = match write(outcome) {
        Ok(body) if body.len() <= limit => return Some(Arc::new(body)),
        Ok(body) => {
            let message = format!(
                "the result has {} bytes, and the limit is {limit}",
                body.len()
            );
            RemoteError::new("ResultTooLarge", message)
        }
        Err(error) => RemoteError::from_error("UnserializableResult", &error),
    };
    write(Some(&Err(failure))).ok().map(Arc::new)
}

async fn send(
    shared: &Arc<Shared>,
    to: &ReplyTo,
    body: Arc<Vec<u8>>,
) -> Result<Published, Unpublished> {
    let message = Outgoing {
        to: Destination::Reply(Arc::clone(&to.queue)),
        body,
        expiration: None,
    };
    shared.publisher.publish(message, Duration::MAX).await
}
