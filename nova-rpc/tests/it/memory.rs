//! The memory transport: the suite, and what is its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use nova_core::Env;
use nova_rpc::conformance::{self, Subject};
use nova_rpc::{
    Acknowledge, Endpoint, Error, MemoryTransport, Notifier, Payload, Priority, ServeOptions,
    ServerHandle, Stopped, Subscription, Target, Transport, handler_fn, notification_fn,
};

use crate::fixture::{MINUTE, Ping, World};

fn subject() -> Subject {
    let env = Env::simulated(5);
    Subject::new(Arc::new(MemoryTransport::new(env.clone())), env)
}

macro_rules! conformance {
    ($($check:ident)*) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $check() {
                conformance::$check(&subject()).await;
            }
        )*
    };
}

conformance! {
    a_call_comes_back failures_are_typed dispatch_follows_the_rules arguments_of_another_type
    the_request_arrives_whole
    nobody_listens a_name_is_one_server a_topic_is_shared fanout_reaches_all
    a_deadline_ends_the_wait expired_work_is_not_begun handlers_in_flight_are_bounded
    a_panic_is_the_callers_alone a_dropped_call_runs_on a_stop_drains a_stop_hands_over
    a_hard_stop_ends_what_runs
    every_group_is_told_once nobody_to_tell_is_no_error given_back_is_told_again
    unacknowledged_goes_to_another a_panic_is_not_repeated notifications_wait_if_durable
}

#[tokio::test(start_paused = true)]
async fn the_whole_suite_runs_on_one_transport() {
    conformance::all(&subject()).await;
}

/// Real time and several threads: what virtual time cannot show.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_whole_suite_runs_in_real_time() {
    let env = Env::system();
    conformance::all(&Subject::new(
        Arc::new(MemoryTransport::new(env.clone())),
        env,
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_of_many_threads_is_answered_once() {
    let env = Env::system();
    let transport: Arc<dyn Transport> = Arc::new(MemoryTransport::new(env.clone()));
    let handled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&handled);
    let handler = Arc::new(handler_fn(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move { Ok(request.args) }
    }));
    let options = ServeOptions::default().max_in_flight(3).backlog(2);
    let mut servers = Vec::new();
    for name in ["s1", "s2", "s3"] {
        let endpoint = Endpoint::new("conductor", name);
        servers.push(
            transport
                .serve(&endpoint, options.clone(), handler.clone())
                .await
                .unwrap(),
        );
    }
    let world = World { env, transport };
    let tasks: Vec<_> = (0..32_u32)
        .map(|task| {
            let transport = Arc::clone(&world.transport);
            let requests: Vec<_> = (0..500_u32)
                .map(|number| (task * 500 + number, world.request("k")))
                .collect();
            tokio::spawn(async move {
                for (number, mut request) in requests {
                    request.args = Payload::new(number);
                    let reply = transport.call(&Target::topic("conductor"), request).await;
                    assert_eq!(reply.unwrap().into_typed::<u32>().unwrap(), number);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(handled.load(Ordering::Relaxed), 32 * 500);
    for server in servers {
        assert_eq!(server.stop().await, Stopped::Drained);
    }
}

/// Servers come and go under load: each call is run once and answered, or was never begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_come_and_go_lose_no_call() {
    let env = Env::system();
    let transport: Arc<dyn Transport> = Arc::new(MemoryTransport::new(env.clone()));
    let world = World { env, transport };
    let handled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&handled);
    let handler = Arc::new(handler_fn(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::task::yield_now().await;
            Ok(Payload::new("x".to_owned()))
        }
    }));
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let (client, context) = (world.client(), world.context());
            tokio::spawn(async move {
                let (mut answered, mut refused) = (0, 0);
                while answered < 2000 {
                    match client.call(&context, Ping::new("x")).await {
                        Ok(_) => answered += 1,
                        Err(error) => {
                            assert!(error.retryable() && !error.may_have_run(), "{error:?}");
                            refused += 1;
                            tokio::task::yield_now().await;
                        }
                    }
                }
                (answered, refused)
            })
        })
        .collect();
    let options = ServeOptions::default().max_in_flight(2).backlog(2);
    let mut servers = std::collections::VecDeque::new();
    let (mut rounds, mut answered) = (0, 0);
    while callers.iter().any(|caller| !caller.is_finished()) {
        let endpoint = Endpoint::new("conductor", format!("host-{}", rounds % 3));
        let server = world
            .transport
            .serve(&endpoint, options.clone(), handler.clone());
        servers.push_back(server.await.unwrap());
        tokio::time::sleep(Duration::from_millis(1)).await;
        // Now and then nobody is left.
        while servers.len() > rounds % 3 {
            assert_eq!(servers.pop_front().unwrap().stop().await, Stopped::Drained);
        }
        rounds += 1;
    }
    for caller in callers {
        answered += caller.await.unwrap().0;
    }
    assert_eq!(handled.load(Ordering::SeqCst), answered);
    assert!(rounds > 3, "the servers did not come and go");
}

fn sleeper(time: Duration) -> impl nova_rpc::Handler {
    handler_fn(move |_| async move {
        tokio::time::sleep(time).await;
        Ok(Payload::new("slept".to_owned()))
    })
}

#[tokio::test(start_paused = true)]
async fn a_full_backlog_holds_senders_back_and_loses_nothing() {
    let world = World::new();
    let options = ServeOptions::default().max_in_flight(1).backlog(1);
    let _server = world.serve(options, sleeper(MINUTE)).await;
    let client = world.client().with_timeout(MINUTE * 10);
    let context = world.context();
    let start = tokio::time::Instant::now();
    client.cast(&context, Ping::new("begins")).await.unwrap();
    client.cast(&context, Ping::new("waits")).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);

    let hasty = client.clone().with_timeout(MINUTE / 2);
    let error = hasty
        .cast(&context, Ping::new("no room"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::TimedOut {
                may_have_run: false,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.retryable());

    client
        .cast(&context, Ping::new("gets the place of the second"))
        .await
        .unwrap();
    assert_eq!(start.elapsed(), MINUTE);
    client
        .call(&context, Ping::new("is the last"))
        .await
        .unwrap();
    assert_eq!(start.elapsed(), MINUTE * 4);
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_waits_for_room_goes_to_another_server_when_the_first_stops() {
    let world = World::new();
    let options = ServeOptions::default().max_in_flight(1).backlog(1);
    let one = world.serve(options.clone(), sleeper(MINUTE)).await;
    let client = world.client();
    let context = world.context();
    for text in ["begins", "waits"] {
        client.cast(&context, Ping::new(text)).await.unwrap();
    }
    let second = async {
        tokio::time::sleep(MINUTE / 6).await;
        let endpoint = Endpoint::new("conductor", "host-2");
        let quick = Arc::new(sleeper(Duration::ZERO));
        let two = world
            .transport
            .serve(&endpoint, options, quick)
            .await
            .unwrap();
        drop(one);
        two
    };
    let (reply, _two) = tokio::join!(client.call(&context, Ping::new("call")), second);
    assert_eq!(reply.unwrap(), "slept");
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_before_it_is_accepted_is_never_sent() {
    let world = World::new();
    let handled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&handled);
    let handler = handler_fn(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async {
            tokio::time::sleep(MINUTE / 10).await;
            Ok(Payload::null())
        }
    });
    let server = world
        .serve(ServeOptions::default().max_in_flight(1).backlog(1), handler)
        .await;
    let (client, context) = (world.client(), world.context());
    client.cast(&context, Ping::new("begins")).await.unwrap();
    client.cast(&context, Ping::new("waits")).await.unwrap();
    let call = client.call(&context, Ping::new("dropped"));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), call)
            .await
            .is_err()
    );
    tokio::time::sleep(MINUTE).await;
    assert_eq!(handled.load(Ordering::Relaxed), 2);
    assert_eq!(server.stop().await, Stopped::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_takes_too_long_aborts_and_says_so() {
    let world = World::new();
    let options = ServeOptions::default().drain(MINUTE / 60);
    let server = world.serve(options, sleeper(MINUTE * 60)).await;
    let (client, context) = (world.client(), world.context());
    let stop = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        server.stop().await
    };
    let (reply, stopped) = tokio::join!(client.call(&context, Ping::new("x")), stop);
    assert_eq!(stopped, Stopped::Aborted);
    assert!(matches!(reply, Err(Error::NoReply { .. })), "{reply:?}");
    let error = client.call(&context, Ping::new("x")).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_with_a_free_handler_is_preferred() {
    let world = World::new();
    let options = ServeOptions::default().max_in_flight(1);
    let _stuck = world.serve(options.clone(), sleeper(MINUTE * 60)).await;
    let endpoint = Endpoint::new("conductor", "host-2");
    let quick = Arc::new(sleeper(Duration::ZERO));
    let _quick = world
        .transport
        .serve(&endpoint, options, quick)
        .await
        .unwrap();
    let (client, context) = (world.client(), world.context());
    client
        .clone()
        .on("host-1")
        .cast(&context, Ping::new("stuck"))
        .await
        .unwrap();
    for _ in 0..10 {
        client.call(&context, Ping::new("x")).await.unwrap();
    }
}

/// Answers with its name, after a while that the seed decides.
fn named(world: &World, name: &'static str) -> impl nova_rpc::Handler + use<> {
    let env = world.env.clone();
    handler_fn(move |_| {
        let time = Duration::from_millis(env.random_u64() % 15_000);
        async move {
            tokio::time::sleep(time).await;
            Ok(Payload::new(name.to_owned()))
        }
    })
}

async fn serve_named(world: &World, name: &'static str) -> ServerHandle {
    let endpoint = Endpoint::new("conductor", name);
    let options = ServeOptions::default().max_in_flight(2).backlog(2);
    world
        .transport
        .serve(&endpoint, options, Arc::new(named(world, name)))
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn servers_take_turns() {
    let world = World::new();
    let _servers = (
        serve_named(&world, "a").await,
        serve_named(&world, "b").await,
    );
    let (client, context) = (world.client(), world.context());
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(client.call(&context, Ping::new("x")).await.unwrap());
    }
    assert_eq!(answers, ["a", "b", "a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_by_name_is_handed_to_a_successor_of_that_name() {
    let world = World::new();
    let options = ServeOptions::default().max_in_flight(1);
    let old = world.serve(options.clone(), sleeper(MINUTE / 2)).await;
    let (client, context) = (world.client().on("host-1"), world.context());
    client.cast(&context, Ping::new("begins")).await.unwrap();
    let restart = async {
        tokio::time::sleep(MINUTE / 10).await;
        let successor = world.serve(options, sleeper(Duration::ZERO)).await;
        assert_eq!(old.stop().await, Stopped::Drained);
        successor
    };
    let (reply, _successor) = tokio::join!(client.call(&context, Ping::new("waits")), restart);
    assert_eq!(reply.unwrap(), "slept");
}

/// Who answered whom, and when.
async fn run_of(seed: u64) -> Vec<String> {
    let world = World::with_seed(seed);
    let _servers = (
        serve_named(&world, "a").await,
        serve_named(&world, "b").await,
    );
    let (client, context) = (world.client(), world.context());
    let calls = (0..20).map(|number| {
        let (client, env, context) = (client.clone(), world.env.clone(), context.clone());
        tokio::spawn(async move {
            let reply = client.call(&context, Ping::new("x")).await;
            let reply = reply.unwrap_or_else(|error| error.to_string());
            format!("{} {number} {reply} {}", env.now(), env.uuid())
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut run = Vec::new();
    for call in calls {
        run.push(call.await.unwrap());
    }
    run
}

#[tokio::test(start_paused = true)]
async fn a_run_repeats_from_its_seed() {
    let first = run_of(3).await;
    assert_eq!(first, run_of(3).await);
    assert_ne!(first, run_of(4).await);
}

#[tokio::test(start_paused = true)]
async fn a_group_without_room_holds_the_notifier_until_its_deadline() {
    let world = World::new();
    let (seen, mut events) = tokio::sync::mpsc::unbounded_channel();
    let handler = notification_fn(move |delivery: nova_rpc::Delivery| {
        let _ = seen.send(delivery.notification.event_type.to_string());
        async {
            tokio::time::sleep(MINUTE).await;
            Acknowledge::Done
        }
    });
    let options = ServeOptions::default().max_in_flight(1).backlog(2);
    let subscription = Subscription::topic("events");
    let _subscriber = world
        .transport
        .subscribe(&subscription, options, Arc::new(handler))
        .await
        .unwrap();
    let notifier = Notifier::new(
        Arc::clone(&world.transport),
        world.env.clone(),
        "events",
        "test",
    );
    let context = world.context();
    let tell = async |event: &'static str, limit| {
        notifier
            .clone()
            .with_timeout(limit)
            .notify(&context, Priority::Info, event, ())
            .await
    };
    tell("one", MINUTE).await.unwrap();
    tell("two", MINUTE).await.unwrap();
    let error = tell("lost", MINUTE / 2).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::TimedOut {
                may_have_run: true,
                ..
            }
        ),
        "{error:?}"
    );
    tell("three", MINUTE).await.unwrap();
    for event in ["one", "two", "three"] {
        assert_eq!(events.recv().await.unwrap(), event);
    }
}

#[test]
fn without_a_runtime_serving_is_an_error() {
    let transport = MemoryTransport::new(Env::system());
    let handler = Arc::new(sleeper(MINUTE));
    let endpoint = Endpoint::new("t", "s");
    let serve = transport.serve(&endpoint, ServeOptions::default(), handler);
    let error = serve.now_or_never().unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            Error::Transport {
                operation: "serve",
                ..
            }
        ),
        "{error:?}"
    );
}
