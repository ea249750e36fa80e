//! Results, failures and heartbeats.

use serde::Serialize;
use serde_json::{Map, Value};

use super::envelope::seal;
use super::unreadable::Unreadable;
use crate::remote_error::RemoteError;

/// What a method came to.
pub(crate) type Outcome = Result<Value, RemoteError>;

/// One message that answers a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) msg_id: String,
    pub(crate) outcome: Outcome,
    /// Whether it is the last. One that is not tells that the work goes on, or, from old servers,
    /// the outcome, which the last then does not repeat.
    pub(crate) ending: bool,
}

#[derive(Serialize)]
struct WireReply<'a> {
    result: Option<&'a Value>,
    /// JSON within JSON.
    failure: Option<String>,
    ending: bool,
    #[serde(rename = "_msg_id")]
    msg_id: &'a str,
    #[serde(rename = "_unique_id")]
    unique_id: &'a str,
}

/// The body of a reply; `None` is a heartbeat.
pub(crate) fn write_reply(
    msg_id: &str,
    unique_id: &str,
    outcome: Option<&Outcome>,
) -> serde_json::Result<Vec<u8>> {
    let (result, failure) = match outcome {
        None => (None, None),
        Some(Ok(result)) => (Some(result), None),
        Some(Err(failure)) => (None, Some(serde_json::to_string(failure)?)),
    };
    seal(&WireReply {
        result,
        failure,
        ending: outcome.is_some(),
        msg_id,
        unique_id,
    })
}

/// Reads a reply.
pub(crate) fn read_reply(mut message: Map<String, Value>) -> Result<Reply, Unreadable> {
    let Some(Value::String(msg_id)) = message.remove("_msg_id") else {
        return Err(Unreadable::Field("_msg_id"));
    };
    let outcome = match message.remove("failure") {
        None | Some(Value::Null) => Ok(message.remove("result").unwrap_or_default()),
        Some(failure) => Err(read_failure(failure)),
    };
    let ending = message.get("ending") != Some(&Value::Bool(false));
    Ok(Reply {
        msg_id,
        outcome,
        ending,
    })
}

/// A failure in whatever form: that it is one must not get lost over its form.
fn read_failure(failure: Value) -> RemoteError {
    let parsed = match &failure {
        Value::String(text) => serde_json::from_str(text),
        other => serde_json::from_value(other.clone()),
    };
    parsed.unwrap_or_else(|_| {
        RemoteError::new("RemoteError", "the peer sent a failure that cannot be read")
            .with_args(vec![failure])
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::envelope::open;
    use super::super::samples::{any_json, sample};
    use super::*;

    fn recorded(name: &str) -> Reply {
        read_reply(open(sample(name).as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn recorded_replies_are_read() {
        let reply = recorded("reply");
        assert_eq!(reply.msg_id, "2ab0e549bdb94085bdb06a6cc630eedc");
        assert_eq!((reply.outcome, reply.ending), (Ok(json!(3)), true));
        assert_eq!(recorded("reply_void").outcome, Ok(Value::Null));
        assert!(!recorded("reply_heartbeat").ending);
    }

    #[test]
    fn recorded_failures_are_read() {
        let failure = recorded("reply_failure_custom").outcome.unwrap_err();
        assert_eq!((failure.class(), failure.module()), ("MyErr", "__main__"));
        assert_eq!(failure.args(), [json!("bad")]);
        assert_eq!(failure.kwargs()["code"], 9);
        assert!(failure.traceback().last().unwrap().contains("MyErr: bad"));
        let missing = recorded("reply_failure_no_such_method")
            .outcome
            .unwrap_err();
        assert_eq!(missing.module(), RemoteError::DISPATCHER_MODULE);
    }

    #[test]
    fn ours_has_exactly_the_recorded_keys() {
        let failure = Err(RemoteError::new("E", "m"));
        for (name, outcome) in [
            ("reply", Some(Ok(json!({"a": [1, null]})))),
            ("reply_void", Some(Ok(Value::Null))),
            ("reply_heartbeat", None),
            ("reply_failure_builtin", Some(failure)),
        ] {
            let message = open(&write_reply("m", "u", outcome.as_ref()).unwrap()).unwrap();
            let expected = open(sample(name).as_bytes()).unwrap();
            assert!(message.keys().eq(expected.keys()), "{name}: {message:?}");
            assert_eq!(
                message["failure"].is_string(),
                expected["failure"].is_string()
            );
            assert_eq!(message["ending"], expected["ending"]);
            let read = read_reply(message).unwrap();
            assert_eq!(read.outcome, outcome.unwrap_or(Ok(Value::Null)));
        }
    }

    #[test]
    fn a_failure_without_form_is_still_a_failure() {
        for failure in [
            json!("no json"),
            json!({}),
            json!(7),
            json!("{\"class\": 1}"),
        ] {
            let message = json!({"_msg_id": "m", "failure": failure, "ending": true});
            let Value::Object(message) = message else {
                panic!("no object")
            };
            let error = read_reply(message).unwrap().outcome.unwrap_err();
            assert_eq!(error.class(), "RemoteError");
        }
    }

    proptest! {
        #[test]
        fn no_reply_panics(result in any_json(), failure in any_json(), ending in any_json()) {
            let message = json!({
                "_msg_id": "m", "result": result, "failure": failure, "ending": ending,
            });
            if let Value::Object(message) = message {
                prop_assert!(read_reply(message).is_ok());
            }
            if let Value::Object(message) = result {
                let _ = read_reply(message);
            }
        }
    }
}
