//! The client against monitors that behave and monitors that do not.

use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt;
use tokio::net::unix::OwnedWriteHalf as Write;

use super::*;
use crate::qemu::qmp::{QueryStatus, RunState, Stop};

const DEADLINE: Duration = Duration::from_secs(5);
const GREETING: &str = r#"{"QMP": {"version": {}, "capabilities": []}}"#;

/// A monitor in the test's hand.
struct Monitor {
    read: BufReader<OwnedReadHalf>,
    write: Write,
}

impl Monitor {
    fn new() -> (Self, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (read, write) = theirs.into_split();
        (
            Self {
                read: BufReader::new(read),
                write,
            },
            ours,
        )
    }

    async fn say(&mut self, line: &str) {
        // The client may have hung up, as it should.
        let _ = self.write.write_all(format!("{line}\r\n").as_bytes()).await;
    }

    /// The next command, which must be one object on one line.
    async fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.read.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn answer(&mut self, reply: Value) {
        let heard = self.hear().await;
        self.say(&json!({ "return": reply, "id": heard["id"] }).to_string())
            .await;
    }

    /// A client that got through the negotiation.
    async fn connected(deadline: Duration) -> (Self, Client, EventReader) {
        let (mut monitor, stream) = Self::new();
        monitor.say(GREETING).await;
        let (client, ()) = tokio::join!(
            Client::handshake(stream, deadline),
            monitor.answer(json!({}))
        );
        let (client, events) = client.unwrap();
        (monitor, client, events)
    }
}

#[tokio::test]
async fn answers_find_their_command_whatever_their_order() {
    let (mut monitor, client, mut events) = Monitor::connected(DEADLINE).await;
    let both = async { tokio::join!(client.execute(&Stop {}), client.execute(&QueryStatus {})) };
    let script = async {
        let (stop, status) = (monitor.hear().await, monitor.hear().await);
        assert_eq!(
            stop,
            json!({ "execute": "stop", "arguments": {}, "id": stop["id"] })
        );
        monitor.say(r#"{"event": "STOP", "timestamp": {}}"#).await;
        monitor
            .say(r#"{"event": "NEWER_THAN_WE", "data": {"x": [1]}}"#)
            .await;
        monitor.say(r#"{"return": {}, "id": 999}"#).await;
        monitor
            .say(
                &json!({ "return": { "status": "paused", "more": 1 }, "id": status["id"] })
                    .to_string(),
            )
            .await;
        monitor
            .say(&json!({ "return": {}, "id": stop["id"] }).to_string())
            .await;
        monitor
            .say(r#"{"event": "SHUTDOWN", "data": {"guest": false, "reason": "host-signal"}}"#)
            .await;
    };
    let ((stop, status), ()) = tokio::join!(both, script);
    assert!(stop.is_ok());
    assert_eq!(status.unwrap().status, RunState::Halted);
    assert_eq!(events.next().await, Some(Ok(Event::Stop)));
    assert_eq!(
        events.next().await,
        Some(Ok(Event::Shutdown { guest: false }))
    );
}

#[tokio::test]
async fn a_refusal_is_told_and_bounded_and_the_connection_goes_on() {
    let (mut monitor, client, _events) = Monitor::connected(DEADLINE).await;
    let script = async {
        let heard = monitor.hear().await;
        let refusal = json!({ "class": "GenericError", "desc": "ä".repeat(5000) });
        monitor
            .say(&json!({ "error": refusal, "id": heard["id"] }).to_string())
            .await;
        monitor.answer(json!({})).await;
    };
    let work = async {
        (
            client.execute(&Stop {}).await,
            client.execute(&Stop {}).await,
        )
    };
    let ((first, second), ()) = tokio::join!(work, script);
    let Err(QmpError::Refused {
        command: "stop",
        class,
        description,
    }) = first
    else {
        panic!("{first:?}")
    };
    assert_eq!(class, "GenericError");
    assert_eq!(description.len(), TEXT_LIMIT + "…".len());
    assert!(second.is_ok());
}

#[tokio::test]
async fn whoever_waits_is_told_when_the_connection_ends() {
    let (mut monitor, client, mut events) = Monitor::connected(DEADLINE).await;
    let script = async {
        monitor.hear().await;
        drop(monitor);
    };
    let (waiting, ()) = tokio::join!(client.execute(&Stop {}), script);
    assert_eq!(waiting.unwrap_err(), QmpError::Closed);
    assert_eq!(events.next().await, None);
    assert_eq!(
        client.execute(&Stop {}).await.unwrap_err(),
        QmpError::Closed
    );
}

#[tokio::test]
async fn nonsense_closes_the_connection() {
    let endless = "x".repeat(line::MAX_LINE + 1);
    let nonsense = [
        "{",
        "[]",
        "{\"id\": -1, \"return\": {}}",
        "{\"return\": {}} {\"return\": {}}",
        GREETING,
        &endless,
    ];
    for line in nonsense {
        let (mut monitor, client, mut events) = Monitor::connected(DEADLINE).await;
        let (outcome, ()) = tokio::join!(client.execute(&Stop {}), monitor.say(line));
        assert_eq!(outcome.unwrap_err(), QmpError::Closed, "{:.40}", line);
        assert_eq!(events.next().await, None);
    }
}

#[tokio::test]
async fn a_reply_of_another_shape_is_an_error() {
    let (mut monitor, client, _events) = Monitor::connected(DEADLINE).await;
    let (outcome, ()) = tokio::join!(client.execute(&QueryStatus {}), monitor.answer(json!([1])));
    assert!(matches!(outcome, Err(QmpError::Protocol { .. })));
}

#[tokio::test]
async fn whoever_is_not_a_monitor_is_found_out() {
    let (mut monitor, stream) = Monitor::new();
    monitor.say("SSH-2.0-OpenSSH_9.2").await;
    assert!(matches!(
        Client::handshake(stream, DEADLINE).await,
        Err(QmpError::Protocol { .. })
    ));

    let (mut monitor, stream) = Monitor::new();
    monitor.say(r#"{"event": "STOP"}"#).await;
    assert!(matches!(
        Client::handshake(stream, DEADLINE).await,
        Err(QmpError::Protocol { .. })
    ));

    let (monitor, stream) = Monitor::new();
    drop(monitor);
    assert_eq!(
        Client::handshake(stream, DEADLINE).await.unwrap_err(),
        QmpError::Closed
    );
}

#[tokio::test(start_paused = true)]
async fn silence_ends_at_the_deadline() {
    let (_monitor, stream) = Monitor::new();
    let silent = Client::handshake(stream, DEADLINE).await;
    assert!(matches!(
        silent,
        Err(QmpError::TimedOut {
            command: "the connection",
            ..
        })
    ));

    let (mut monitor, client, _events) = Monitor::connected(DEADLINE).await;
    let late = client.execute(&Stop {}).await;
    assert_eq!(
        late.unwrap_err(),
        QmpError::TimedOut {
            command: "stop",
            after: DEADLINE
        }
    );
    // The answer that comes after all is not taken for that of the next command.
    let heard = monitor.hear().await;
    monitor
        .say(&json!({ "return": { "status": "paused" }, "id": heard["id"] }).to_string())
        .await;
    let (next, ()) = tokio::join!(
        client.execute(&QueryStatus {}),
        monitor.answer(json!({ "status": "running" }))
    );
    assert_eq!(next.unwrap().status, RunState::Running);
}

#[tokio::test]
async fn a_flood_of_events_is_missed_and_not_kept() {
    let (mut monitor, client, mut events) = Monitor::connected(DEADLINE).await;
    let script = async {
        for _ in 0..=EVENT_BUFFER {
            monitor.say(r#"{"event": "RESET"}"#).await;
        }
        monitor.answer(json!({})).await;
    };
    let (outcome, ()) = tokio::join!(client.execute(&Stop {}), script);
    assert!(outcome.is_ok());
    assert_eq!(events.next().await, Some(Err(Missed)));
    assert_eq!(events.next().await, Some(Ok(Event::Reset)));
}

#[tokio::test]
async fn a_client_that_is_dropped_hangs_up() {
    let (mut monitor, client, _events) = Monitor::connected(DEADLINE).await;
    drop(client);
    let mut line = String::new();
    assert_eq!(monitor.read.read_line(&mut line).await.unwrap(), 0);
}
