//! Faults.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, fault, server};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::ServerId;
use crate::model::Fault;
use crate::repository::{MAX_FAULTS, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(faults {
    a_fault_needs_its_server,
    the_newest_come_first,
    any_text_is_kept,
    only_the_latest_are_kept,
});

/// `fault_record` of an unknown server is `NotFound`; `faults_of` one is empty.
pub async fn a_fault_needs_its_server(store: &Store, env: &Env) {
    let missing = ServerId::generate(env);
    assert_fails!(
        store.faults().fault_record(&fault(env, missing, "lost", env.now())).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == missing.to_string()
    );
    assert_eq!(store.faults().faults_of(missing, 10).await.unwrap(), []);
}

/// `faults_of` returns the newest first, of one instant the last recorded first, of that server
/// only, and no more than the limit.
pub async fn the_newest_come_first(store: &Store, env: &Env) {
    let (server, other) = (server(env), server(env));
    store.servers().server_create(&server).await.unwrap();
    store.servers().server_create(&other).await.unwrap();
    let record = async |id, message: &str, micros| {
        let fault = fault(env, id, message, Timestamp::from_micros(micros));
        store.faults().fault_record(&fault).await.unwrap();
        fault
    };
    let old = record(server.id, "old", 10).await;
    let newest = record(server.id, "newest", 30).await;
    let first = record(server.id, "first of two", 20).await;
    let second = record(server.id, "second of two", 20).await;
    let before_time = record(server.id, "before time", -10).await;
    record(other.id, "of another", 25).await;

    let expected = [newest, second, first, old, before_time];
    assert_eq!(
        store.faults().faults_of(server.id, 10).await.unwrap(),
        expected
    );
    assert_eq!(
        store.faults().faults_of(server.id, 3).await.unwrap(),
        expected[..3]
    );
    assert_eq!(store.faults().faults_of(server.id, 0).await.unwrap(), []);
    assert_eq!(
        store
            .faults()
            .faults_of(server.id, u32::MAX)
            .await
            .unwrap()
            .len(),
        5
    );
}

/// Of a server the last recorded `MAX_FAULTS` are kept, whenever they happened; others' stay.
pub async fn only_the_latest_are_kept(store: &Store, env: &Env) {
    let (server, other) = (server(env), server(env));
    store.servers().server_create(&server).await.unwrap();
    store.servers().server_create(&other).await.unwrap();
    let first = fault(env, other.id, "of another", env.now());
    store.faults().fault_record(&first).await.unwrap();
    for index in 0..MAX_FAULTS + 3 {
        // The later recorded, the longer ago.
        let when = Timestamp::from_micros(1_000_000 - i64::from(index));
        let fault = fault(env, server.id, &index.to_string(), when);
        store.faults().fault_record(&fault).await.unwrap();
    }
    let kept = store.faults().faults_of(server.id, u32::MAX).await.unwrap();
    let messages: Vec<String> = kept.into_iter().map(|fault| fault.message).collect();
    let expected: Vec<String> = (3..MAX_FAULTS + 3).map(|index| index.to_string()).collect();
    assert_eq!(messages, expected);
    assert_eq!(
        store.faults().faults_of(other.id, 10).await.unwrap(),
        [first]
    );
}

/// A fault's texts are kept to the letter: long ones, control characters, absent ones.
pub async fn any_text_is_kept(store: &Store, env: &Env) {
    let server = server(env);
    store.servers().server_create(&server).await.unwrap();
    let mut expected = Vec::new();
    let texts = [
        "",
        "\0 and \u{1b}[2J",
        "\u{1f980}\u{fffd}\u{10ffff}",
        "'\"\\%_;--",
        &"x".repeat(200_000),
    ];
    for (micros, text) in (0..).zip(texts) {
        let fault = Fault {
            details: (micros % 2 == 0).then(|| text.to_owned()),
            host: None,
            code: u16::MAX,
            ..fault(env, server.id, text, Timestamp::from_micros(micros))
        };
        store.faults().fault_record(&fault).await.unwrap();
        expected.insert(0, fault);
    }
    assert!(
        store.faults().faults_of(server.id, 10).await.unwrap() == expected,
        "a text was changed"
    );
}
