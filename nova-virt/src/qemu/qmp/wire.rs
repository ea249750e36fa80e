//! What goes over the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::QmpError;

/// A command, as it is sent.
#[derive(Debug, Serialize)]
pub(super) struct Request<'a, C> {
    pub(super) execute: &'static str,
    pub(super) arguments: &'a C,
    pub(super) id: u64,
}

/// Something that a monitor says. It says more in each than is read here.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// The first line on a connection.
    Greeting,
    /// The answer to the command with this id.
    Reply {
        id: u64,
        outcome: Result<Value, Refusal>,
    },
    /// Something happened.
    Event(Event),
}

/// Why a command was refused.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Refusal {
    pub(super) class: String,
    #[serde(rename = "desc")]
    pub(super) description: String,
}

/// Something that happened in a qemu, as far as the driver cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::qemu) enum Event {
    /// The guest goes down: on its own, or because somebody ended qemu.
    Shutdown {
        /// Whether the guest asked for it.
        guest: bool,
    },
    /// The processors were halted.
    Stop,
    /// The processors go on.
    Resume,
    /// The machine was reset.
    Reset,
    /// Anything else.
    Other,
}

#[derive(Deserialize)]
struct RawMessage {
    #[serde(rename = "QMP")]
    greeting: Option<Value>,
    event: Option<String>,
    data: Option<Value>,
    id: Option<u64>,
    #[serde(rename = "return")]
    reply: Option<Value>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct ShutdownData {
    guest: bool,
}

/// Reads one line.
pub(super) fn parse(line: &[u8]) -> Result<Message, QmpError> {
    let broken = |reason| QmpError::Protocol { reason };
    let raw: RawMessage =
        serde_json::from_slice(line).map_err(|_| broken("a line is not a message"))?;
    match raw {
        RawMessage {
            event: Some(name),
            data,
            ..
        } => Ok(Message::Event(event(&name, data)?)),
        RawMessage {
            greeting: Some(_), ..
        } => Ok(Message::Greeting),
        RawMessage {
            id: Some(id),
            error: Some(refusal),
            ..
        } => Ok(Message::Reply {
            id,
            outcome: Err(refusal),
        }),
        RawMessage {
            id: Some(id),
            reply: Some(reply),
            ..
        } => Ok(Message::Reply {
            id,
            outcome: Ok(reply),
        }),
        _ => Err(broken("a message is neither a reply nor an event")),
    }
}

fn event(name: &str, data: Option<Value>) -> Result<Event, QmpError> {
    Ok(match name {
        "SHUTDOWN" => {
            let data: ShutdownData =
                serde_json::from_value(data.unwrap_or_default()).map_err(|_| {
                    QmpError::Protocol {
                        reason: "an event lacks its data",
                    }
                })?;
            Event::Shutdown { guest: data.guest }
        }
        "STOP" => Event::Stop,
        "RESUME" => Event::Resume,
        "RESET" => Event::Reset,
        _ => Event::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_qemu_says_is_understood() {
        let greeting = br#"{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}"#;
        assert_eq!(parse(greeting), Ok(Message::Greeting));
        let reply = parse(b"{\"return\": {}, \"id\": 7}\r");
        assert_eq!(
            reply,
            Ok(Message::Reply {
                id: 7,
                outcome: Ok(serde_json::json!({}))
            })
        );
        let down = br#"{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}"#;
        assert_eq!(
            parse(down),
            Ok(Message::Event(Event::Shutdown { guest: true }))
        );
        assert_eq!(
            parse(br#"{"event": "FROM_THE_FUTURE", "data": []}"#),
            Ok(Message::Event(Event::Other))
        );
    }

    #[test]
    fn what_is_not_of_the_protocol_is_refused() {
        let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        let lines: [&[u8]; 9] = [
            b"",
            b"null",
            b"{}",
            b"{\"return\": {}}",
            b"{\"return\": {}, \"id\": \"7\"}",
            b"{\"id\": 7, \"error\": \"no\"}",
            b"{\"event\": \"SHUTDOWN\"}",
            b"\xff\xfe",
            &deep,
        ];
        for line in lines {
            assert!(matches!(parse(line), Err(QmpError::Protocol { .. })));
        }
    }
}
