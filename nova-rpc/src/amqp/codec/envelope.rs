//! The outer form of a message.

use serde::Serialize;
use serde_json::{Map, Value};

use super::unreadable::Unreadable;

const VERSION: &str = "2.0";
const VERSION_KEY: &str = "oslo.version";
const MESSAGE_KEY: &str = "oslo.message";

#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(rename = "oslo.version")]
    version: &'a str,
    #[serde(rename = "oslo.message")]
    message: &'a str,
}

/// A message in its envelope.
pub(crate) fn seal(message: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let message = serde_json::to_string(message)?;
    let version = VERSION;
    serde_json::to_vec(&Envelope {
        version,
        message: &message,
    })
}

/// The message in an envelope, or one without, as the format 1.0 has it.
///
/// Depth is bounded by `serde_json`: 128 levels.
pub(crate) fn open(body: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    let mut outer: Map<String, Value> = serde_json::from_slice(body)?;
    if !(outer.contains_key(VERSION_KEY) && outer.contains_key(MESSAGE_KEY)) {
        return Ok(outer);
    }
    if outer.get(VERSION_KEY).and_then(Value::as_str) != Some(VERSION) {
        return Err(Unreadable::Version);
    }
    match outer.remove(MESSAGE_KEY) {
        Some(Value::String(message)) => Ok(serde_json::from_str(&message)?),
        _ => Err(Unreadable::Field(MESSAGE_KEY)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_envelope_is_what_oslo_writes() {
        let sealed = seal(&json!({"a": "é"})).unwrap();
        let text = r#"{"oslo.version":"2.0","oslo.message":"{\"a\":\"é\"}"}"#;
        assert_eq!(String::from_utf8(sealed.clone()).unwrap(), text);
        assert_eq!(Value::Object(open(&sealed).unwrap()), json!({"a": "é"}));
    }

    #[test]
    fn other_versions_and_other_forms_are_refused() {
        for version in ["2.1", "1.9", "3.0"] {
            let body = json!({VERSION_KEY: version, MESSAGE_KEY: "{}"}).to_string();
            assert_eq!(open(body.as_bytes()), Err(Unreadable::Version));
        }
        for bad in [
            "[]",
            "1",
            "{",
            "",
            "{\"oslo.version\":\"2.0\",\"oslo.message\":{}}",
        ] {
            assert!(open(bad.as_bytes()).is_err(), "{bad} passed");
        }
        assert!(open(br#"{"oslo.version":"2.0","oslo.message":"[1]"}"#).is_err());
        let bare = open(br#"{"method": "x"}"#).unwrap();
        assert_eq!(bare["method"], "x");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(
            open(deep.as_bytes()),
            Err(Unreadable::Json { .. })
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = open(&body);
        }
    }
}
