//! Calls and casts.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use nova_core::{BoxError, Env, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use super::context::{WireContext, read_context, take_context};
use super::envelope::seal;
use super::unreadable::Unreadable;
use crate::idempotency::IdempotencyKey;
use crate::payload::Payload;
use crate::request::Request;
use crate::version::Version;

/// Microseconds since the epoch. Peers of another kind ignore it, and send none.
const DEADLINE: &str = "_nova_deadline";
/// The idempotency key, likewise.
const IDEMPOTENCY_KEY: &str = "_nova_idempotency_key";
/// What the name of a queue for replies begins with. Others are not answered: a request must not
/// make us write to any queue of the broker.
const REPLY_PREFIX: &str = "reply_";

#[derive(Serialize)]
struct WireRequest<'a> {
    method: &'a str,
    args: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    version: Version,
    #[serde(flatten)]
    reply: Option<WireReplyTo<'a>>,
    #[serde(rename = "_unique_id")]
    unique_id: &'a str,
    #[serde(flatten)]
    context: WireContext<'a>,
    #[serde(rename = "_nova_deadline")]
    deadline: Timestamp,
    #[serde(rename = "_nova_idempotency_key")]
    idempotency_key: &'a IdempotencyKey,
}

#[derive(Serialize)]
struct WireReplyTo<'a> {
    #[serde(rename = "_msg_id")]
    msg_id: &'a str,
    #[serde(rename = "_reply_q")]
    queue: &'a str,
    /// Heartbeats are not asked for.
    #[serde(rename = "_timeout")]
    timeout: Option<u64>,
}

/// The named arguments of a request.
fn arguments(args: &Payload) -> Result<Map<String, Value>, BoxError> {
    match args.to_json()? {
        Value::Object(args) => Ok(args),
        Value::Null => Ok(Map::new()),
        _ => Err("the arguments are no object, and this wire's have names".into()),
    }
}

/// The body of a cast, or of a call whose answer goes to `(msg_id, queue)`.
pub(crate) fn write_request(
    request: &Request,
    unique_id: &str,
    reply: Option<(&str, &str)>,
) -> Result<Vec<u8>, BoxError> {
    let args = arguments(&request.args)?;
    Ok(seal(&WireRequest {
        method: &request.method,
        args: &args,
        namespace: request.namespace.as_deref(),
        version: request.version,
        reply: reply.map(|(msg_id, queue)| WireReplyTo {
            msg_id,
            queue,
            timeout: None,
        }),
        unique_id,
        context: WireContext::from(&request.context),
        deadline: request.deadline,
        idempotency_key: &request.idempotency_key,
    })?)
}

/// Where an answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyTo {
    pub(crate) queue: Arc<str>,
    pub(crate) msg_id: Arc<str>,
    /// How often the caller wants to hear that the work goes on.
    pub(crate) heartbeat: Option<Duration>,
}

/// What is known of a request besides its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// The expiration among the message's properties.
    pub(crate) expiration: Option<Duration>,
    /// How long a request without any limit may take.
    pub(crate) default_limit: Duration,
}

/// A request that came.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) request: Request,
    pub(crate) reply_to: Option<ReplyTo>,
    pub(crate) unique_id: Option<Arc<str>>,
}

/// A message that is no request, and who may be told.
#[derive(Debug)]
pub(crate) struct RefusedRequest {
    pub(crate) why: Unreadable,
    pub(crate) reply_to: Option<ReplyTo>,
}

/// Reads a request. Without a deadline of ours it is the message's expiration from now, else the
/// default; without a key of ours it is the sender's own id of the message.
pub(crate) fn read_request(
    env: &Env,
    mut message: Map<String, Value>,
    arrival: Arrival,
) -> Result<Received, RefusedRequest> {
    let reply_to = read_reply_to(&message);
    let read = read_fields(env, &mut message, arrival);
    match (reply_to, read) {
        (Ok(reply_to), Ok((request, unique_id))) => Ok(Received {
            request,
            reply_to,
            unique_id,
        }),
        (Ok(reply_to), Err(why)) => Err(RefusedRequest { why, reply_to }),
        (Err(why), _) => Err(RefusedRequest {
            why,
            reply_to: None,
        }),
    }
}

fn read_reply_to(message: &Map<String, Value>) -> Result<Option<ReplyTo>, Unreadable> {
    let text = |key| match message.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Unreadable::Field(key)),
    };
    let Some(msg_id) = text("_msg_id")? else {
        return Ok(None);
    };
    let queue = text("_reply_q")?
        .filter(|queue| queue.starts_with(REPLY_PREFIX) && queue.len() <= 255)
        .ok_or(Unreadable::Field("_reply_q"))?;
    let heartbeat = message
        .get("_timeout")
        .and_then(Value::as_f64)
        .filter(|seconds| *seconds >= 2.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds / 2.0).ok());
    Ok(Some(ReplyTo {
        queue: queue.as_str().into(),
        msg_id: msg_id.as_str().into(),
        heartbeat,
    }))
}

fn read_fields(
    env: &Env,
    message: &mut Map<String, Value>,
    arrival: Arrival,
) -> Result<(Request, Option<Arc<str>>), Unreadable> {
    let method = take_text(message, "method")?.ok_or(Unreadable::Field("method"))?;
    let namespace = take_text(message, "namespace")?;
    let version = match take_text(message, "version")? {
        Some(text) => text.parse().map_err(|_| Unreadable::Field("version"))?,
        None => Version::UNSTATED,
    };
    let args = match message.remove("args") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(args)) => args,
        Some(_) => return Err(Unreadable::Field("args")),
    };
    let unique_id: Option<Arc<str>> = take_text(message, "_unique_id")?.map(Into::into);
    let key = match (take_text(message, IDEMPOTENCY_KEY)?, &unique_id) {
        (Some(text), _) => IdempotencyKey::new(text),
        (None, Some(unique_id)) => IdempotencyKey::new(unique_id),
        (None, None) => IdempotencyKey::generate(env),
    };
    let stated = match message.remove(DEADLINE) {
        None | Some(Value::Null) => None,
        Some(value) => Some(value.as_i64().ok_or(Unreadable::Field(DEADLINE))?),
    };
    let deadline = stated.map_or_else(
        || {
            let limit = arrival.expiration.unwrap_or(arrival.default_limit);
            env.now().saturating_add(limit)
        },
        Timestamp::from_micros,
    );
    let wire_context = take_context(message);
    let context = read_context(env, &wire_context)?.with_deadline(deadline);
    let args = Payload::from_json(Value::Object(args));
    let mut request = Request::new(method, args, context, deadline, key).with_version(version);
    request.namespace = namespace.map(Cow::Owned);
    if stated.is_none() {
        request.foreign_context = Some(Arc::new(wire_context));
    }
    Ok((request, unique_id))
}

fn take_text(
    message: &mut Map<String, Value>,
    key: &'static str,
) -> Result<Option<String>, Unreadable> {
    match message.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Unreadable::Field(key)),
    }
}

#[cfg(test)]
mod tests {
    use nova_core::RequestContext;
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::envelope::open;
    use super::super::samples::{any_json, sample};
    use super::*;

    const ARRIVAL: Arrival = Arrival {
        expiration: Some(Duration::from_secs(5)),
        default_limit: Duration::from_secs(60),
    };

    fn read(message: Value) -> Result<Received, RefusedRequest> {
        let Value::Object(message) = message else {
            panic!("no object")
        };
        read_request(&Env::system(), message, ARRIVAL)
    }

    #[test]
    fn a_recorded_call_is_read() {
        let env = Env::system();
        let message = open(sample("call").as_bytes()).unwrap();
        let received = read_request(&env, message, ARRIVAL).unwrap();
        let request = received.request;
        assert_eq!(
            (&*request.method, request.version),
            ("add", Version::UNSTATED)
        );
        assert_eq!(request.args.to_json().unwrap(), json!({"a": 1, "b": 2}));
        assert_eq!(request.context.user_id.as_str(), "alice");
        assert_eq!(request.context.request_id.as_str(), "req-1");
        assert!(request.context.is_admin);
        assert_eq!(request.foreign_context.unwrap()["user"], "alice");
        let left = request.deadline.duration_since(env.now());
        assert!(
            left > Duration::from_secs(4) && left <= Duration::from_secs(5),
            "{left:?}"
        );
        let id = "5c314731c7404551b05c81ed8fabe3fc";
        assert_eq!(request.idempotency_key.to_string(), id);
        assert_eq!(received.unique_id.as_deref(), Some(id));
        let reply_to = received.reply_to.unwrap();
        assert_eq!(&*reply_to.queue, "reply_4b0e5a215a6f4a5dafb21d9adc47ea9b");
        assert_eq!(&*reply_to.msg_id, "2ab0e549bdb94085bdb06a6cc630eedc");
        assert_eq!(reply_to.heartbeat, None);
    }

    #[test]
    fn recorded_variants_are_read() {
        let received = |name| read(Value::Object(open(sample(name).as_bytes()).unwrap())).unwrap();
        let namespaced = received("call_namespace").request;
        assert_eq!(namespaced.namespace.as_deref(), Some("ns1"));
        assert_eq!(namespaced.version, Version::new(2, 1));
        let monitored = received("call_monitored").reply_to.unwrap();
        assert_eq!(monitored.heartbeat, Some(Duration::from_secs(1)));
        assert_eq!(received("cast").reply_to, None);
    }

    #[test]
    fn ours_has_the_keys_of_a_recorded_call_and_our_own() {
        let env = Env::system();
        let context = RequestContext::new(&env, "a".parse().unwrap(), "p".parse().unwrap());
        let deadline = env.now().saturating_add(Duration::from_secs(9));
        let key = IdempotencyKey::new("resize-42/step-3");
        let request = Request::new("add", Payload::null(), context, deadline, key.clone())
            .with_version(Version::new(1, 2))
            .in_namespace("ns");
        let body = write_request(&request, "unique", Some(("msg", "reply_q"))).unwrap();
        let message = open(&body).unwrap();
        let recorded = open(sample("call_server_directed_versioned").as_bytes()).unwrap();
        let beside_context =
            |key: &&String| !key.starts_with("_context_") && !key.starts_with("_nova_");
        let keys: Vec<_> = message.keys().filter(beside_context).collect();
        let mut expected: Vec<_> = recorded.keys().filter(beside_context).collect();
        let namespace = "namespace".to_owned();
        expected.push(&namespace);
        expected.sort();
        assert_eq!(keys, expected);
        assert_eq!(message["_timeout"], Value::Null);

        let received = read_request(&env, message, ARRIVAL).unwrap();
        assert_eq!(received.request.deadline, deadline);
        assert_eq!(received.request.idempotency_key, key);
        assert_eq!(
            received.request.context,
            request.context.with_deadline(deadline)
        );
        assert!(received.request.foreign_context.is_none());
        let cast = open(&write_request(&received.request, "unique", None).unwrap()).unwrap();
        assert!(!cast.contains_key("_msg_id") && !cast.contains_key("_timeout"));
    }

    #[test]
    fn what_is_no_request_is_refused_and_its_caller_may_be_told() {
        let told = json!({"_msg_id": "m", "_reply_q": "reply_q", "method": "x", "version": "one"});
        let refused = read(told).unwrap_err();
        assert_eq!(refused.why, Unreadable::Field("version"));
        assert!(refused.reply_to.is_some());
        for (bad, field) in [
            (json!({}), "method"),
            (json!({"method": 1}), "method"),
            (json!({"method": "x", "args": []}), "args"),
            (json!({"method": "x", "_msg_id": "m"}), "_reply_q"),
            (
                json!({"method": "x", "_msg_id": "m", "_reply_q": "compute"}),
                "_reply_q",
            ),
            (json!({"method": "x", "_nova_deadline": "soon"}), DEADLINE),
        ] {
            let refused = read(bad).unwrap_err();
            assert_eq!(
                (refused.why, refused.reply_to),
                (Unreadable::Field(field), None)
            );
        }
        assert!(arguments(&Payload::new(7_u8)).is_err());
    }

    proptest! {
        #[test]
        fn no_message_panics(value in any_json(), timeout in any_json()) {
            let message = json!({
                "method": "x", "args": value, "_timeout": timeout, "_context_roles": value,
                "_msg_id": "m", "_reply_q": "reply_q", "_nova_deadline": timeout,
            });
            let _ = read(message);
            if let Value::Object(message) = value {
                let _ = read_request(&Env::system(), message, ARRIVAL);
            }
        }
    }
}
