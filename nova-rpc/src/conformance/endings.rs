//! Panics, callers that go away, and servers that stop.

use serde::{Deserialize, Serialize};

use super::subject::{SOON, Step, Subject, Work, Workshop, begun, next, silent};
use crate::call::Call;
use crate::error::Error;
use crate::incoming::Incoming;
use crate::remote_error::RemoteError;
use crate::serve::{ServeOptions, Stopped};
use crate::target::Target;
use crate::version::Version;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Blow {}

impl Call for Blow {
    const METHOD: &'static str = "blow";
    const VERSION: Version = Version::new(1, 0);
    type Reply = ();
}

async fn blow<S>(_: Incoming<S>, _: Blow) -> Result<(), RemoteError> {
    panic!("blown up as ordered")
}

/// A panic in a handler is the failure of its call, and the server lives on with all its
/// handlers.
///
/// # Panics
/// If not.
pub async fn a_panic_is_the_callers_alone(subject: &Subject) {
    let topic = subject.topic("panic");
    let (workshop, _journal) = Workshop::new();
    let router = workshop.worker("s1").on(blow);
    let options = ServeOptions::default().max_in_flight(1);
    let server = subject.serve(&topic, "s1", options, router).await;
    let client = subject.client(Target::topic(topic));
    let context = subject.context();
    for _ in 0..3 {
        let error = client.call(&context, Blow {}).await.unwrap_err();
        let remote = error.as_remote().expect("a remote failure");
        assert_eq!(
            (remote.class(), remote.message()),
            ("Panic", "blown up as ordered")
        );
        client
            .cast(&context, Blow {})
            .await
            .expect("it is accepted");
        assert_eq!(
            client
                .call(&context, Work::quick("x"))
                .await
                .expect("it lives"),
            "s1"
        );
    }
    assert_eq!(server.stop().await, Stopped::Drained);
}

/// The work of a call whose future is dropped goes on to its end, and nobody else is the worse.
///
/// # Panics
/// If not.
pub async fn a_dropped_call_runs_on(subject: &Subject) {
    let topic = subject.topic("dropped");
    let (workshop, mut journal) = Workshop::new();
    let options = ServeOptions::default().max_in_flight(1);
    let server = subject
        .serve(&topic, "s1", options, workshop.worker("s1"))
        .await;
    let client = subject.client(Target::topic(topic));
    let context = subject.context();
    let abandoned = client.call(&context, Work::new("abandoned", SOON));
    tokio::select! {
        biased;
        reply = abandoned => panic!("it was to take longer: {reply:?}"),
        () = begun(&mut journal, "abandoned") => {}
    }
    let reply = client.call(&context, Work::quick("next")).await;
    assert_eq!(reply.expect("it is answered"), "s1");
    let (_, name, step) = next(&mut journal).await;
    assert_eq!((name.as_str(), step), ("abandoned", Step::Ended));
    let _ = server.stop().await;
}

/// A server that stops ends what it has begun, gives the rest back, and takes no more.
///
/// # Panics
/// If not.
pub async fn a_stop_drains(subject: &Subject) {
    let topic = subject.topic("stop");
    let (workshop, mut journal) = Workshop::new();
    let options = ServeOptions::default().max_in_flight(1);
    let server = subject
        .serve(&topic, "s1", options, workshop.worker("s1"))
        .await;
    let client = subject.client(Target::topic(topic)).with_timeout(SOON * 8);
    let context = subject.context();
    let running = client.call(&context, Work::new("running", SOON * 4));
    let rest = async {
        begun(&mut journal, "running").await;
        let waiting = client.call(&context, Work::quick("waiting"));
        let stop = async {
            tokio::time::sleep(SOON).await;
            server.stop().await
        };
        tokio::join!(waiting, stop)
    };
    let (reply, (waiting, stopped)) = tokio::join!(running, rest);
    assert_eq!(reply.expect("what had begun is answered"), "s1");
    assert_eq!(stopped, Stopped::Drained);
    let error = waiting.unwrap_err();
    if subject.transport().capabilities().handover {
        assert!(
            matches!(
                error,
                Error::NotSent {
                    transient: true,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(error.retryable() && !error.may_have_run());
    } else {
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
    }
    let hasty = client.with_timeout(SOON);
    assert!(hasty.call(&context, Work::quick("late")).await.is_err());
    let (_, name, step) = next(&mut journal).await;
    assert_eq!((name.as_str(), step), ("running", Step::Ended));
    assert!(journal.try_recv().is_err());
}

/// What a stopping server has not begun goes to another server of the topic.
///
/// # Panics
/// If not, and the transport has `handover`.
pub async fn a_stop_hands_over(subject: &Subject) {
    if !subject.transport().capabilities().handover {
        return;
    }
    let topic = subject.topic("handover");
    let (workshop, mut journal) = Workshop::new();
    let options = ServeOptions::default().max_in_flight(1);
    let one = subject
        .serve(&topic, "s1", options.clone(), workshop.worker("s1"))
        .await;
    let client = subject.client(Target::topic(topic.clone()));
    let context = subject.context();
    client
        .cast(&context, Work::new("running", SOON))
        .await
        .expect("it is accepted");
    begun(&mut journal, "running").await;
    client
        .cast(&context, Work::quick("cast"))
        .await
        .expect("it is accepted");
    let rest = async {
        tokio::time::sleep(SOON / 5).await;
        let two = subject
            .serve(&topic, "s2", options, workshop.worker("s2"))
            .await;
        (one.stop().await, two)
    };
    let (reply, (stopped, two)) = tokio::join!(client.call(&context, Work::quick("call")), rest);
    assert_eq!(reply.expect("the other answers"), "s2");
    assert_eq!(stopped, Stopped::Drained);
    let _ = two.stop().await;
    let mut ended = Vec::new();
    while let Ok((server, name, step)) = journal.try_recv() {
        if step == Step::Ended {
            ended.push(format!("{server} {name}"));
        }
    }
    ended.sort();
    assert_eq!(ended, ["s1 running", "s2 call", "s2 cast"]);
}

/// A server whose handle is dropped ends at once, and whoever called it is told.
///
/// # Panics
/// If not.
pub async fn a_hard_stop_ends_what_runs(subject: &Subject) {
    let topic = subject.topic("hard-stop");
    let (workshop, mut journal) = Workshop::new();
    let server = subject
        .serve(&topic, "s1", ServeOptions::default(), workshop.worker("s1"))
        .await;
    let client = subject.client(Target::topic(topic)).with_timeout(SOON * 8);
    let context = subject.context();
    let call = client.call(&context, Work::new("ended", SOON * 4));
    let stop = async {
        begun(&mut journal, "ended").await;
        drop(server);
    };
    let (reply, ()) = tokio::join!(call, stop);
    let error = reply.unwrap_err();
    assert!(error.may_have_run() && !error.retryable(), "{error:?}");
    // Past the time at which the work would have come to its end.
    tokio::time::sleep(SOON * 4).await;
    silent(&mut journal).await;
}
