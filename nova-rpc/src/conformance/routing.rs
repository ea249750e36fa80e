//! Which server gets a message.

use std::collections::BTreeSet;

use super::subject::{SOON, Step, Subject, Work, Workshop, next, silent};
use crate::error::Error;
use crate::serve::ServeOptions;
use crate::target::Target;

/// A missing topic and a missing server are unreachable where the transport can know it, and run
/// into the deadline where it cannot.
///
/// # Panics
/// If not.
pub async fn nobody_listens(subject: &Subject) {
    let topic = subject.topic("missing");
    let context = subject.context();
    let (workshop, mut journal) = Workshop::new();
    let there = subject.topic("there");
    let server = subject
        .serve(&there, "s1", ServeOptions::default(), workshop.worker("s1"))
        .await;
    for target in [
        Target::topic(topic.clone()),
        Target::topic(topic).server("s1"),
        Target::topic(there).server("s2"),
    ] {
        let client = subject.client(target.clone()).with_timeout(SOON);
        let error = client
            .call(&context, Work::quick("call"))
            .await
            .unwrap_err();
        let cast = client.cast(&context, Work::quick("cast")).await;
        if subject.transport().capabilities().mandatory {
            assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
            assert!(error.retryable() && !error.may_have_run());
            assert!(matches!(cast, Err(Error::Unreachable { .. })), "{cast:?}");
        } else {
            assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
            cast.expect("nobody knows better");
        }
    }
    silent(&mut journal).await;
    let _ = server.stop().await;
}

/// A message for a server by its name reaches that one.
///
/// # Panics
/// If not.
pub async fn a_name_is_one_server(subject: &Subject) {
    let topic = subject.topic("named");
    let (workshop, _journal) = Workshop::new();
    let one = subject
        .serve(&topic, "s1", ServeOptions::default(), workshop.worker("s1"))
        .await;
    let two = subject
        .serve(&topic, "s2", ServeOptions::default(), workshop.worker("s2"))
        .await;
    let client = subject.client(Target::topic(topic));
    for name in ["s1", "s2", "s2", "s1", "s1"] {
        let reply = client
            .clone()
            .on(name)
            .call(&subject.context(), Work::quick("x"))
            .await;
        assert_eq!(reply.expect("it is answered"), name);
    }
    let _ = (one.stop().await, two.stop().await);
}

/// Of two servers of a topic one gets each call and each cast, once.
///
/// # Panics
/// If not.
pub async fn a_topic_is_shared(subject: &Subject) {
    let topic = subject.topic("shared");
    let (workshop, mut journal) = Workshop::new();
    let one = subject
        .serve(&topic, "s1", ServeOptions::default(), workshop.worker("s1"))
        .await;
    let two = subject
        .serve(&topic, "s2", ServeOptions::default(), workshop.worker("s2"))
        .await;
    let client = subject.client(Target::topic(topic));
    let context = subject.context();
    let names: BTreeSet<String> = (0..40).map(|number| format!("work-{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let work = Work::quick(name.clone());
        match number % 2 {
            0 => drop(client.call(&context, work).await.expect("it is answered")),
            _ => client.cast(&context, work).await.expect("it is accepted"),
        }
    }
    let mut done = BTreeSet::new();
    while done.len() < names.len() {
        let (_, name, step) = next(&mut journal).await;
        if step == Step::Ended {
            assert!(done.insert(name.clone()), "{name} was done twice");
        }
    }
    silent(&mut journal).await;
    assert_eq!(done, names);
    let _ = (one.stop().await, two.stop().await);
}

/// A fan-out reaches each server that listens, once; none is no error; it cannot be called.
///
/// # Panics
/// If not.
pub async fn fanout_reaches_all(subject: &Subject) {
    let topic = subject.topic("fanout");
    let client = subject.client(Target::fanout(topic.clone()));
    let context = subject.context();
    client
        .cast(&context, Work::quick("early"))
        .await
        .expect("nobody is no error");

    let (workshop, mut journal) = Workshop::new();
    let one = subject
        .serve(&topic, "s1", ServeOptions::default(), workshop.worker("s1"))
        .await;
    let two = subject
        .serve(&topic, "s2", ServeOptions::default(), workshop.worker("s2"))
        .await;
    client
        .cast(&context, Work::quick("news"))
        .await
        .expect("it is accepted");
    let mut reached = BTreeSet::new();
    while reached.len() < 2 {
        let (server, name, step) = next(&mut journal).await;
        assert_eq!(name, "news", "a fan-out waited for its listeners");
        if step == Step::Ended {
            assert!(reached.insert(server), "it came twice");
        }
    }
    silent(&mut journal).await;

    let error = client
        .call(&context, Work::quick("call"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::InvalidTarget { .. }), "{error:?}");
    let _ = (one.stop().await, two.stop().await);
}
