//! Notifications.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use nova_core::{BoxError, Env, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::context::{WireContext, read_context, take_context};
use super::envelope::seal;
use super::unreadable::Unreadable;
use crate::notification::{Notification, Priority};
use crate::payload::Payload;

/// UTC, without saying so.
const TIME: &str = "%Y-%m-%d %H:%M:%S%.6f";

#[derive(Serialize)]
struct WireNotification<'a> {
    message_id: Uuid,
    publisher_id: &'a str,
    event_type: &'a str,
    priority: Priority,
    payload: Value,
    timestamp: String,
    #[serde(rename = "_unique_id")]
    unique_id: &'a str,
    #[serde(flatten)]
    context: WireContext<'a>,
}

/// The body of a notification.
pub(crate) fn write_notification(
    notification: &Notification,
    unique_id: &str,
) -> Result<Vec<u8>, BoxError> {
    let time = jiff::Timestamp::from_microsecond(notification.timestamp.as_micros())?;
    Ok(seal(&WireNotification {
        message_id: notification.message_id,
        publisher_id: &notification.publisher_id,
        event_type: &notification.event_type,
        priority: notification.priority,
        payload: notification.payload.to_json()?,
        timestamp: time.strftime(TIME).to_string(),
        unique_id,
        context: WireContext::from(&notification.context),
    })?)
}

/// Reads a notification. One without a readable time was told now.
pub(crate) fn read_notification(
    env: &Env,
    mut message: Map<String, Value>,
) -> Result<Notification, Unreadable> {
    let text = |key: &'static str| {
        let text = message.get(key).and_then(Value::as_str);
        text.ok_or(Unreadable::Field(key))
    };
    let message_id = text("message_id")?
        .parse()
        .map_err(|_| Unreadable::Field("message_id"))?;
    let priority = text("priority")?;
    let priority = Priority::ALL
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(priority))
        .ok_or(Unreadable::Field("priority"))?;
    let event_type = text("event_type")?.to_owned();
    let publisher_id = text("publisher_id").unwrap_or_default().to_owned();
    let timestamp = text("timestamp")
        .ok()
        .and_then(read_time)
        .unwrap_or_else(|| env.now());
    let context = read_context(env, &take_context(&mut message))?;
    let payload = Payload::from_json(message.remove("payload").unwrap_or_default());
    let mut read =
        Notification::new(env, publisher_id, event_type, payload, context).with_priority(priority);
    read.message_id = message_id;
    read.timestamp = timestamp;
    Ok(read)
}

/// `2026-11-20 04:30:29.558476`, and the same with a `T`.
fn read_time(text: &str) -> Option<Timestamp> {
    let time: DateTime = text.parse().ok()?;
    let time = TimeZone::UTC.to_timestamp(time).ok()?;
    Some(Timestamp::from_micros(time.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use nova_core::RequestContext;
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::envelope::open;
    use super::super::samples::{any_json, sample};
    use super::*;

    #[test]
    fn recorded_notifications_are_read() {
        let env = Env::system();
        let message = open(sample("notification_v2").as_bytes()).unwrap();
        let read = read_notification(&env, message).unwrap();
        assert_eq!(
            read.message_id.to_string(),
            "5049675f-2710-4c64-8e15-a24ef0c23e76"
        );
        assert_eq!(&*read.publisher_id, "compute.host1");
        assert_eq!(&*read.event_type, "compute.instance.create.start");
        assert_eq!(read.priority, Priority::Info);
        assert_eq!(read.timestamp.to_string(), "2026-11-20T04:30:29.558476Z");
        assert_eq!(
            read.payload.to_json().unwrap(),
            json!({"instance_id": "i-1", "n": 3})
        );
        let old = open(sample("notification_v1_no_envelope").as_bytes()).unwrap();
        let old = read_notification(&env, old).unwrap();
        assert_eq!(old.priority, Priority::Error);
    }

    #[test]
    fn ours_has_the_recorded_keys_and_comes_back() {
        let env = Env::system();
        let context = RequestContext::new(&env, "a".parse().unwrap(), "p".parse().unwrap());
        let mut sent = Notification::new(&env, "compute.h", "x.end", Payload::new(7), context);
        sent.timestamp = Timestamp::from_micros(1_700_000_000_000_007);
        let message = open(&write_notification(&sent, "unique").unwrap()).unwrap();
        assert_eq!(message["timestamp"], "2023-11-14 22:13:20.000007");
        assert_eq!(message["priority"], "INFO");
        let expected = open(sample("notification_v2").as_bytes()).unwrap();
        let keys = message.keys().filter(|key| !key.starts_with("_context_"));
        assert!(keys.eq(expected.keys()), "{message:?}");
        let read = read_notification(&env, message).unwrap();
        assert_eq!(read.message_id, sent.message_id);
        assert_eq!(
            (read.timestamp, read.priority),
            (sent.timestamp, sent.priority)
        );
        assert_eq!(read.context, sent.context);
    }

    proptest! {
        #[test]
        fn no_notification_panics(value in any_json(), time in ".*") {
            let id = Uuid::nil();
            let message = json!({
                "message_id": id, "priority": "info", "event_type": "x", "timestamp": time,
                "payload": value, "_context_user": value,
            });
            if let Value::Object(message) = message {
                prop_assert!(read_notification(&Env::system(), message).is_ok());
            }
            if let Value::Object(message) = value {
                let _ = read_notification(&Env::system(), message);
            }
        }
    }
}
