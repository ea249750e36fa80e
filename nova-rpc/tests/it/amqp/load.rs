//! Many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use nova_rpc::Error;

use super::broker::{LIMIT, Site, echo};
use crate::fixture::Ping;

/// lapin gives returned messages to the wrong sender when several wait on one channel.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn of_many_casts_none_is_returned_to_the_wrong_sender() {
    const CASTS: usize = 500;
    let site = Site::new().await;
    let handled = Arc::new(AtomicUsize::new(0));
    let server = site.serve("here", echo(&handled)).await;
    let (client, context) = (site.client(), site.context());
    let wrong = stream::iter(0..CASTS)
        .map(|number| {
            let there = number % 2 == 0;
            let client = client.clone().on(if there { "here" } else { "nowhere" });
            let context = &context;
            async move {
                match client.cast(context, Ping::new("x")).await {
                    Ok(()) => !there,
                    Err(Error::Unreachable { .. }) => there,
                    Err(error) => panic!("{error:?}"),
                }
            }
        })
        .buffer_unordered(32)
        .filter(|wrong| std::future::ready(*wrong))
        .count()
        .await;
    assert_eq!(wrong, 0);
    while handled.load(Ordering::SeqCst) < CASTS / 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _ = server.stop().await;
    assert_eq!(handled.load(Ordering::SeqCst), CASTS / 2);
    site.amqp.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn of_many_calls_each_gets_its_own_answer() {
    const CALLS: usize = 2000;
    let site = Site::new().await;
    let handled = Arc::new(AtomicUsize::new(0));
    let one = site.serve("s1", echo(&handled)).await;
    let two = site.serve("s2", echo(&handled)).await;
    let (client, context) = (site.client(), site.context());
    let answered = stream::iter(0..CALLS)
        .map(|number| {
            let (client, context) = (&client, &context);
            async move {
                let text = number.to_string();
                let reply = client.call(context, Ping::new(&text)).await;
                assert_eq!(reply.unwrap(), text);
            }
        })
        .buffer_unordered(64)
        .count()
        .await;
    assert_eq!(answered, CALLS);
    assert_eq!(handled.load(Ordering::SeqCst), CALLS);
    let _ = (one.stop().await, two.stop().await);
    let stats = site.amqp.stats();
    assert_eq!(
        (stats.duplicates, stats.rejected, stats.lost_replies),
        (0, 0, 0)
    );
    site.amqp.close().await;
}

/// More than one frame of the protocol, and more than is allowed.
#[tokio::test]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn large_messages_pass_and_too_large_ones_are_refused_before_they_are_sent() {
    let site = Site::new().await;
    let handled = Arc::new(AtomicUsize::new(0));
    let server = site.serve("s1", echo(&handled)).await;
    let client = site.client().with_timeout(LIMIT);
    let large = "\u{e9}".repeat(2 << 20);
    let reply = client.call(&site.context(), Ping::new(&large)).await;
    assert_eq!(reply.unwrap(), large);
    let huge = "x".repeat(17 << 20);
    let error = client
        .call(&site.context(), Ping::new(&huge))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotSent {
                transient: false,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(handled.load(Ordering::SeqCst), 1);
    let _ = server.stop().await;
    site.amqp.close().await;
}
