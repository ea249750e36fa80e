//! Effects that happen once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nova_rpc::{
    Deduplicated, Handler, IdempotencyKey, Payload, RememberOptions, RemoteError, ServeOptions,
    handler_fn,
};

use crate::fixture::{MINUTE, Ping, World};

/// Takes a minute, and answers how often it ran.
fn slow(effects: &Arc<AtomicU32>) -> impl Handler + use<> {
    let effects = Arc::clone(effects);
    handler_fn(move |_| {
        let nth = effects.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            tokio::time::sleep(MINUTE / 2).await;
            Ok(Payload::new(nth.to_string()))
        }
    })
}

async fn nth(handler: &impl Handler, request: nova_rpc::Request) -> u32 {
    let reply: String = handler.handle(request).await.unwrap().into_typed().unwrap();
    reply.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn repetitions_while_and_after_the_first_get_its_outcome() {
    let world = World::new();
    let effects = Arc::new(AtomicU32::new(0));
    let options = RememberOptions::default();
    let handler = Deduplicated::new(world.env.clone(), options, slow(&effects));
    let server = world.serve(ServeOptions::default(), handler).await;
    let client = world
        .client()
        .with_idempotency_key(IdempotencyKey::new("build-7"));
    let context = world.context();
    let start = tokio::time::Instant::now();

    // The first caller gives up, and asks again while the first run is at work.
    let hasty = client.clone().with_timeout(MINUTE / 6);
    let error = hasty.call(&context, Ping::new("x")).await.unwrap_err();
    assert!(error.may_have_run());
    let (one, two) = tokio::join!(
        client.call(&context, Ping::new("x")),
        client.call(&context, Ping::new("x"))
    );
    assert_eq!(
        (one.unwrap(), two.unwrap()),
        ("1".to_owned(), "1".to_owned())
    );
    assert_eq!(start.elapsed(), MINUTE / 2);
    assert_eq!(client.call(&context, Ping::new("x")).await.unwrap(), "1");
    assert_eq!(start.elapsed(), MINUTE / 2);

    let other = client.with_idempotency_key(IdempotencyKey::new("build-8"));
    assert_eq!(other.call(&context, Ping::new("x")).await.unwrap(), "2");
    assert_eq!(effects.load(Ordering::SeqCst), 2);
    let _ = server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_is_one_callers_and_one_methods() {
    let world = World::new();
    let effects = Arc::new(AtomicU32::new(0));
    let handler = Deduplicated::new(
        world.env.clone(),
        RememberOptions::default(),
        slow(&effects),
    );
    assert_eq!(nth(&handler, world.request("k")).await, 1);
    let mut other = world.request("k");
    other.context.project_id = "other".parse().unwrap();
    assert_eq!(nth(&handler, other).await, 2);
    let mut other = world.request("k");
    other.context.user_id = "mallory".parse().unwrap();
    assert_eq!(nth(&handler, other).await, 3);
    let mut other = world.request("k");
    other.method = "pong".into();
    assert_eq!(nth(&handler, other).await, 4);
    assert_eq!(
        nth(&handler, world.request("k").in_namespace("admin")).await,
        5
    );
    assert_eq!(nth(&handler, world.request("k")).await, 1);
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_by_number_and_by_time() {
    let world = World::new();
    let effects = Arc::new(AtomicU32::new(0));
    let options = RememberOptions::default().capacity(2).keep(MINUTE * 10);
    let handler = Deduplicated::new(world.env.clone(), options, slow(&effects));
    for (key, expected) in [
        ("a", 1),
        ("b", 2),
        ("a", 1),
        ("c", 3),
        ("b", 2),
        ("c", 3),
        ("a", 4),
    ] {
        assert_eq!(nth(&handler, world.request(key)).await, expected, "{key}");
    }
    tokio::time::sleep(MINUTE * 11).await;
    assert_eq!(nth(&handler, world.request("a")).await, 5);
}

#[tokio::test(start_paused = true)]
async fn failures_and_panics_are_outcomes_too() {
    let world = World::new();
    let effects = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&effects);
    let fails = handler_fn(move |request| {
        let nth = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            assert_ne!(request.idempotency_key, IdempotencyKey::new("panic"));
            Err(RemoteError::new("Failed", nth.to_string()))
        }
    });
    let handler = Deduplicated::new(world.env.clone(), RememberOptions::default(), fails);
    for (key, class) in [("fail", "Failed"), ("panic", "Panic")] {
        let first = handler.handle(world.request(key)).await.unwrap_err();
        let second = handler.handle(world.request(key)).await.unwrap_err();
        assert_eq!(first.class(), class);
        assert_eq!(first, second);
    }
    assert_eq!(effects.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_first_that_is_dropped_leaves_no_trace() {
    let world = World::new();
    let effects = Arc::new(AtomicU32::new(0));
    let handler = Deduplicated::new(
        world.env.clone(),
        RememberOptions::default(),
        slow(&effects),
    );
    let first = handler.handle(world.request("k"));
    let first = async {
        tokio::time::timeout(Duration::from_secs(1), first)
            .await
            .is_err()
    };
    let (dropped, waited) = tokio::join!(first, handler.handle(world.request("k")));
    assert!(dropped);
    assert_eq!(waited.unwrap_err().class(), "Interrupted");
    assert_eq!(nth(&handler, world.request("k")).await, 2);
}
