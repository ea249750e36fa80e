//! What is on the wire, seen by a peer that is not ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ExchangeKind};
use nova_rpc::serde_json::{Value, json};
use nova_rpc::{Payload, Router, Stopped, Version, handler_fn};

use super::broker::{LIMIT, Site, echo, peer};
use crate::fixture::Ping;

/// A peer that is not ours.
struct Peer {
    connection: Connection,
    channel: Channel,
    replies: lapin::Consumer,
    reply_q: String,
}

impl Peer {
    async fn new(site: &Site) -> Self {
        let connection = peer().await;
        let channel = connection.create_channel().await.unwrap();
        let reply_q = format!("reply_{}", site.env.uuid().simple());
        let name = || reply_q.as_str().into();
        channel
            .queue_declare(name(), QueueDeclareOptions::default(), expiring())
            .await
            .unwrap();
        let options = BasicConsumeOptions {
            no_ack: true,
            ..Default::default()
        };
        let replies = channel.basic_consume(name(), "".into(), options, FieldTable::default());
        Self {
            replies: replies.await.unwrap(),
            connection,
            channel,
            reply_q,
        }
    }

    async fn send(&self, site: &Site, body: &[u8], properties: BasicProperties) {
        let (exchange, key) = (site.exchange.as_str().into(), site.topic.as_str().into());
        let options = BasicPublishOptions::default();
        self.channel
            .basic_publish(exchange, key, options, body, properties)
            .await
            .unwrap();
    }

    /// As `oslo.messaging` sends it.
    async fn request(&self, site: &Site, message: &Value) {
        let body = json!({"oslo.version": "2.0", "oslo.message": message.to_string()});
        let properties = BasicProperties::default().with_content_type("application/json".into());
        self.send(site, body.to_string().as_bytes(), properties)
            .await;
    }

    async fn reply(&mut self) -> (lapin::message::Delivery, Value) {
        let delivery = tokio::time::timeout(LIMIT, self.replies.next()).await;
        let delivery = delivery.unwrap().unwrap().unwrap();
        let body: Value = nova_rpc::serde_json::from_slice(&delivery.data).unwrap();
        assert_eq!(body["oslo.version"], "2.0");
        let message = body["oslo.message"].as_str().unwrap();
        (delivery, nova_rpc::serde_json::from_str(message).unwrap())
    }

    fn call(&self, id: &str, text: &str, timeout: &Value) -> Value {
        json!({
            "method": "ping", "args": {"text": text}, "version": "1.2", "_msg_id": id,
            "_reply_q": self.reply_q, "_timeout": timeout, "_unique_id": format!("unique-{id}"),
            "_context_user": "bob", "_context_is_admin": false,
        })
    }
}

fn expiring() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-expires".into(), AMQPValue::LongInt(1_800_000));
    arguments
}

#[tokio::test]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn a_foreign_call_is_answered_as_the_contract_says() {
    let site = Site::new().await;
    let handled = Arc::new(AtomicUsize::new(0));
    let server = site.serve("s1", echo(&handled)).await;
    let mut peer = Peer::new(&site).await;
    peer.request(&site, &peer.call("m1", "caf\u{e9}", &Value::Null))
        .await;
    let (delivery, reply) = peer.reply().await;
    let keys: Vec<_> = reply.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["_msg_id", "_unique_id", "ending", "failure", "result"]
    );
    assert_eq!(
        (&reply["_msg_id"], &reply["result"]),
        (&json!("m1"), &json!("caf\u{e9}"))
    );
    assert_eq!(
        (&reply["failure"], &reply["ending"]),
        (&Value::Null, &json!(true))
    );
    let properties = &delivery.properties;
    assert_eq!(
        properties.content_type().as_ref().unwrap().as_str(),
        "application/json"
    );
    assert_eq!(
        properties.content_encoding().as_ref().unwrap().as_str(),
        "utf-8"
    );
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert_eq!(*properties.priority(), Some(0));

    // The same message again, as after a lost acknowledgement.
    peer.request(&site, &peer.call("m1", "again", &Value::Null))
        .await;
    peer.request(&site, &peer.call("m2", "other", &Value::Null))
        .await;
    assert_eq!(peer.reply().await.1["_msg_id"], "m2");
    assert_eq!(handled.load(Ordering::SeqCst), 2);
    assert_eq!(site.amqp.stats().duplicates, 1);
    let _ = server.stop().await;
    site.amqp.close().await;
    peer.connection.close(200, "OK".into()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn heartbeats_come_when_asked_for_and_never_else() {
    let site = Site::new().await;
    let handler = handler_fn(|_| async {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        Ok(Payload::new("done".to_owned()))
    });
    let server = site.serve("s1", handler).await;
    let mut peer = Peer::new(&site).await;
    peer.request(&site, &peer.call("quiet", "x", &json!(1)))
        .await;
    peer.request(&site, &peer.call("watched", "x", &json!(2)))
        .await;
    let mut heard = Vec::new();
    while heard.len() < 4 {
        let (_, reply) = peer.reply().await;
        heard.push((reply["_msg_id"].clone(), reply["ending"].clone()));
    }
    heard.sort_by_key(|(id, ending)| (id.to_string(), ending.to_string()));
    let expected = [
        ("quiet", true),
        ("watched", false),
        ("watched", false),
        ("watched", true),
    ];
    assert_eq!(
        heard,
        expected.map(|(id, ending)| (json!(id), json!(ending)))
    );
    let silence = tokio::time::timeout(Duration::from_millis(1500), peer.replies.next()).await;
    assert!(silence.is_err(), "a heartbeat came after the end");
    let _ = server.stop().await;
    site.amqp.close().await;
    peer.connection.close(200, "OK".into()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn what_cannot_be_read_is_thrown_away_and_the_server_lives_on() {
    let site = Site::new().await;
    let handled = Arc::new(AtomicUsize::new(0));
    let server = site.serve("s1", echo(&handled)).await;
    let mut peer = Peer::new(&site).await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let other = json!({"oslo.version": "2.1", "oslo.message": "{}"}).to_string();
    let huge = vec![b' '; (16 << 20) + 1];
    let plain = BasicProperties::default();
    let bodies = [
        b"".as_slice(),
        b"\xff\x00{",
        b"[]",
        b"{}",
        b"{\"method\": NaN}",
    ];
    let more = [deep.as_bytes(), other.as_bytes(), &huge];
    for body in bodies.iter().chain(&more) {
        peer.send(&site, body, plain.clone()).await;
    }
    let mut headers = FieldTable::default();
    let gzip = AMQPValue::LongString("application/x-gzip".into());
    headers.insert("compression".into(), gzip);
    peer.send(
        &site,
        b"{\"method\": \"ping\"}",
        plain.with_headers(headers),
    )
    .await;
    // A caller that can be told, is.
    let mut request = peer.call("told", "x", &Value::Null);
    request["version"] = json!("newest");
    peer.request(&site, &request).await;
    let (_, reply) = peer.reply().await;
    let failure = reply["failure"].as_str().unwrap();
    assert!(failure.contains("InvalidRequest"), "{failure}");
    // Nobody else's queue is written to.
    let mut request = peer.call("other", "x", &Value::Null);
    request["_reply_q"] = json!(site.topic);
    peer.request(&site, &request).await;

    let reply = site
        .client()
        .call(&site.context(), Ping::new("alive"))
        .await;
    assert_eq!(reply.unwrap(), "alive");
    assert_eq!(handled.load(Ordering::SeqCst), 1);
    assert_eq!(site.amqp.stats().rejected, 11);
    assert_eq!(server.stop().await, Stopped::Drained);
    site.amqp.close().await;
    peer.connection.close(200, "OK".into()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn an_answer_that_has_no_form_in_json_is_a_failure() {
    let site = Site::new().await;
    let handler = handler_fn(|_| async {
        let keyed = std::collections::BTreeMap::from([(vec![1_u8], 1_u8)]);
        Ok(Payload::new(keyed))
    });
    let server = site.serve("s1", handler).await;
    let error = site
        .client()
        .call(&site.context(), Ping::new("x"))
        .await
        .unwrap_err();
    let class = error.as_remote().map(nova_rpc::RemoteError::class);
    assert_eq!(class, Some("UnserializableResult"), "{error:?}");
    let _ = server.stop().await;
    site.amqp.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn the_topology_is_the_contracts_and_a_stop_deletes_the_fanout_queue_only() {
    let site = Site::new().await;
    let server = site.serve("s1", Router::new(Version::new(1, 0))).await;
    let peer = Peer::new(&site).await;
    let channel = &peer.channel;
    let topic = site.topic.as_str();
    // A flag that differs would be refused.
    let transient = ExchangeDeclareOptions::default();
    let fleeting = ExchangeDeclareOptions {
        auto_delete: true,
        ..transient
    };
    let fanout = format!("{topic}_fanout");
    for (name, kind, options) in [
        (site.exchange.as_str(), ExchangeKind::Topic, transient),
        (fanout.as_str(), ExchangeKind::Fanout, fleeting),
    ] {
        channel
            .exchange_declare(name.into(), kind, options, FieldTable::default())
            .await
            .unwrap();
    }
    for name in [topic.to_owned(), format!("{topic}.s1")] {
        let options = QueueDeclareOptions::default();
        let queue = channel.queue_declare(name.as_str().into(), options, FieldTable::default());
        assert_eq!(queue.await.unwrap().consumer_count(), 1);
    }
    assert_eq!(server.stop().await, Stopped::Drained);
    for name in [topic.to_owned(), format!("{topic}.s1")] {
        let options = QueueDeclareOptions {
            passive: true,
            ..Default::default()
        };
        let queue = channel.queue_declare(name.as_str().into(), options, FieldTable::default());
        assert_eq!(queue.await.unwrap().consumer_count(), 0);
    }
    // With its last queue the fan-out exchange went.
    let passive = ExchangeDeclareOptions {
        passive: true,
        ..fleeting
    };
    let gone = channel.exchange_declare(
        fanout.as_str().into(),
        ExchangeKind::Fanout,
        passive,
        FieldTable::default(),
    );
    assert!(gone.await.is_err());
    site.amqp.close().await;
    peer.connection.close(200, "OK".into()).await.unwrap();
}
