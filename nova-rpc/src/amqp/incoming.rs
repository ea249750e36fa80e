//! Messages from the broker, before anybody knows what they say.

use std::time::Duration;

use lapin::message::Delivery;
use lapin::options::BasicRejectOptions;
use serde_json::{Map, Value};

use super::alive::while_alive;
use super::codec::{Unreadable, open};

/// The header of a message that is compressed.
const COMPRESSION: &str = "compression";

/// The message in a delivery.
pub(super) fn read_message(
    delivery: &Delivery,
    limit: usize,
) -> Result<Map<String, Value>, Unreadable> {
    let length = delivery.data.len();
    if length > limit {
        return Err(Unreadable::TooLarge { length, limit });
    }
    let headers = delivery.properties.headers().as_ref();
    if headers.is_some_and(|headers| headers.inner().contains_key(COMPRESSION)) {
        return Err(Unreadable::Compressed);
    }
    open(&delivery.data)
}

/// How long the message may wait, if it says so.
pub(super) fn expiration(delivery: &Delivery) -> Option<Duration> {
    let millis = delivery.properties.expiration().as_ref()?;
    millis.as_str().parse().ok().map(Duration::from_millis)
}

/// Throws a delivery away. If that does not reach the broker it comes again, and goes again.
pub(super) async fn throw_away(delivery: &Delivery) {
    let options = BasicRejectOptions { requeue: false };
    let _ = while_alive(delivery, delivery.acker.reject(options)).await;
}
