//! Deadlines and numbers in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;

use super::subject::{LIMIT, SOON, Step, Subject, Work, Workshop, begun, next, silent};
use crate::error::Error;
use crate::handler::handler_fn;
use crate::payload::Payload;
use crate::serve::ServeOptions;
use crate::target::Target;

/// A call ends at the earlier of timeout and deadline; the work that has begun goes on.
///
/// # Panics
/// If not.
pub async fn a_deadline_ends_the_wait(subject: &Subject) {
    let topic = subject.topic("deadline");
    let (workshop, mut journal) = Workshop::new();
    let server = subject
        .serve(&topic, "s1", ServeOptions::default(), workshop.worker("s1"))
        .await;
    let client = subject.client(Target::topic(topic));
    let context = subject
        .context()
        .with_deadline(subject.env().now().saturating_add(SOON));
    let start = tokio::time::Instant::now();
    let error = client
        .call(&context, Work::new("slow", SOON * 6))
        .await
        .unwrap_err();
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
    assert!(start.elapsed() < SOON * 5, "it took {:?}", start.elapsed());
    begun(&mut journal, "slow").await;
    assert_eq!(next(&mut journal).await.2, Step::Ended);

    let error = client
        .call(&context, Work::quick("late"))
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
    silent(&mut journal).await;
    let _ = server.stop().await;
}

/// A request whose deadline passes while it waits is not begun.
///
/// # Panics
/// If not, and the transport has `expiry`.
pub async fn expired_work_is_not_begun(subject: &Subject) {
    let topic = subject.topic("expired");
    let (workshop, mut journal) = Workshop::new();
    let options = ServeOptions::default().max_in_flight(1);
    let server = subject
        .serve(&topic, "s1", options, workshop.worker("s1"))
        .await;
    let client = subject.client(Target::topic(topic));
    let context = subject.context();
    client
        .cast(&context, Work::new("long", SOON * 3))
        .await
        .expect("it is accepted");
    begun(&mut journal, "long").await;

    let hasty = client.clone().with_timeout(SOON);
    hasty
        .cast(&context, Work::quick("cast"))
        .await
        .expect("it is accepted");
    let error = hasty.call(&context, Work::quick("call")).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
    let reply = client.call(&context, Work::quick("patient")).await;
    assert_eq!(reply.expect("it is answered"), "s1");

    let mut names = Vec::new();
    while names.last().is_none_or(|name| name != "patient") {
        let (_, name, step) = next(&mut journal).await;
        if step == Step::Ended {
            names.push(name);
        }
    }
    if subject.transport().capabilities().expiry {
        assert_eq!(names, ["long", "patient"]);
        assert_eq!(next_begun(&mut journal).await, None);
    }
    let _ = server.stop().await;
}

async fn next_begun(journal: &mut super::subject::Journal) -> Option<String> {
    tokio::time::timeout(SOON, journal.recv())
        .await
        .ok()
        .flatten()
        .map(|(_, name, _)| name)
}

/// As many handlers as allowed run at once, and never more; the rest waits and is done.
///
/// # Panics
/// If not.
pub async fn handlers_in_flight_are_bounded(subject: &Subject) {
    const BOUND: usize = 3;
    let topic = subject.topic("bound");
    let running = Arc::new(AtomicUsize::new(0));
    let peak = Arc::new(AtomicUsize::new(0));
    let (now, most) = (Arc::clone(&running), Arc::clone(&peak));
    let handler = handler_fn(move |_| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(SOON / 5).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(Payload::new("s1".to_owned()))
        }
    });
    let options = ServeOptions::default().max_in_flight(BOUND).backlog(4);
    let server = subject.serve(&topic, "s1", options, handler).await;
    let client = subject.client(Target::topic(topic)).with_timeout(LIMIT);
    let context = subject.context();
    let calls = (0..24).map(|number| client.call(&context, Work::quick(number.to_string())));
    for reply in join_all(calls).await {
        assert_eq!(reply.expect("it is answered"), "s1");
    }
    assert_eq!(peak.load(Ordering::SeqCst), BOUND);
    let _ = server.stop().await;
}
