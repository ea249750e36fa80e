//! Servers that stop, and queues that are deleted under those who use them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use lapin::ExchangeKind;
use lapin::options::{
    BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::FieldTable;
use nova_rpc::serde_json::Value;
use nova_rpc::{Endpoint, Error, Payload, ServeOptions, Stopped, Transport, handler_fn};

use super::broker::{LIMIT, Site, echo, peer, url};
use crate::fixture::Ping;

const A_WHILE: Duration = Duration::from_millis(400);

/// What a stopping server took ahead goes to another; it cannot go back to its caller, so the
/// transport does not claim the capability that the suite tests this by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn what_a_stopping_server_has_not_begun_goes_to_another() {
    let site = Site::new().await;
    let slow = handler_fn(|_| async {
        tokio::time::sleep(A_WHILE).await;
        Ok(Payload::new("first".to_owned()))
    });
    let endpoint = Endpoint::new(site.topic.as_str(), "s1");
    let options = ServeOptions::default().max_in_flight(1);
    let first = site.amqp.serve(&endpoint, options, Arc::new(slow)).await;
    let first = first.unwrap();
    let (client, context) = (site.client(), site.context());
    let calls = async {
        let begun = client.call(&context, Ping::new("begun"));
        let waiting = async {
            tokio::time::sleep(A_WHILE / 4).await;
            client.call(&context, Ping::new("waiting")).await
        };
        tokio::join!(begun, waiting)
    };
    let handled = Arc::new(AtomicUsize::new(0));
    let handover = async {
        tokio::time::sleep(A_WHILE / 2).await;
        let second = site.serve("s2", echo(&handled)).await;
        (first.stop().await, second)
    };
    let ((begun, waiting), (stopped, second)) = tokio::join!(calls, handover);
    assert_eq!(begun.unwrap(), "first");
    assert_eq!(waiting.unwrap(), "waiting");
    assert_eq!(stopped, Stopped::Drained);
    assert_eq!(handled.load(Ordering::SeqCst), 1);
    let _ = second.stop().await;
    site.amqp.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn a_servers_queue_that_is_deleted_is_declared_again() {
    let site = Site::new().await;
    let handled = Arc::new(AtomicUsize::new(0));
    let server = site.serve("s1", echo(&handled)).await;
    let peer = peer().await;
    let channel = peer.create_channel().await.unwrap();
    let queue = site.topic.as_str().into();
    let deleted = channel.queue_delete(queue, QueueDeleteOptions::default());
    deleted.await.unwrap();
    let (client, context) = (site.client(), site.context());
    let start = tokio::time::Instant::now();
    while let Err(error) = client.call(&context, Ping::new("x")).await {
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        assert!(start.elapsed() < LIMIT);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(server.stop().await, Stopped::Drained);
    site.amqp.close().await;
    peer.close(200, "OK".into()).await.unwrap();
}

/// As when the broker restarts: nobody waits for an answer that cannot come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn a_caller_whose_reply_queue_is_lost_is_told() {
    let site = Site::new().await;
    let peer = peer().await;
    let channel = peer.create_channel().await.unwrap();
    let (exchange, topic) = (
        || site.exchange.as_str().into(),
        || site.topic.as_str().into(),
    );
    let none = FieldTable::default;
    let options = ExchangeDeclareOptions::default();
    let declared = channel.exchange_declare(exchange(), ExchangeKind::Topic, options, none());
    declared.await.unwrap();
    let declared = channel.queue_declare(topic(), QueueDeclareOptions::default(), none());
    declared.await.unwrap();
    let options = QueueBindOptions::default();
    let bound = channel.queue_bind(topic(), exchange(), topic(), options, none());
    bound.await.unwrap();
    let options = BasicConsumeOptions {
        no_ack: true,
        ..Default::default()
    };
    let requests = channel.basic_consume(topic(), "".into(), options, none());
    let mut requests = requests.await.unwrap();
    let (client, context) = (site.client(), site.context());
    let call = client.call(&context, Ping::new("x"));
    let loss = async {
        let request = requests.next().await.unwrap().unwrap();
        let body: Value = nova_rpc::serde_json::from_slice(&request.data).unwrap();
        let message: Value =
            nova_rpc::serde_json::from_str(body["oslo.message"].as_str().unwrap()).unwrap();
        let queue = message["_reply_q"].as_str().unwrap().into();
        let deleted = channel.queue_delete(queue, QueueDeleteOptions::default());
        deleted.await.unwrap();
    };
    let start = tokio::time::Instant::now();
    let (reply, ()) = tokio::join!(call, loss);
    assert!(matches!(reply, Err(Error::NoReply { .. })), "{reply:?}");
    assert!(start.elapsed() < LIMIT / 6, "it took {:?}", start.elapsed());
    drop(requests);

    // And the next is answered, on the queue that was declared again.
    let handled = Arc::new(AtomicUsize::new(0));
    let server = site.serve("s1", echo(&handled)).await;
    let reply = client.on("s1").call(&context, Ping::new("next")).await;
    assert_eq!(reply.unwrap(), "next");
    let _ = server.stop().await;
    site.amqp.close().await;
    peer.close(200, "OK".into()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn a_call_that_waits_when_the_transport_is_closed_is_told() {
    let site = Site::new().await;
    let server = site.beside(&url()).await;
    let handler = handler_fn(|_| async {
        tokio::time::sleep(LIMIT).await;
        Ok(Payload::null())
    });
    let serving = server.serve("s1", handler).await;
    let (client, context) = (site.client(), site.context());
    let close = async {
        tokio::time::sleep(A_WHILE).await;
        site.amqp.close().await;
    };
    let (reply, ()) = tokio::join!(client.call(&context, Ping::new("x")), close);
    assert!(matches!(reply, Err(Error::NoReply { .. })), "{reply:?}");
    drop(serving);
    server.amqp.close().await;
}
