//! Records of long operations: what is kept of them, saves, purges.

use std::time::Duration;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, fresh, server, successes};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{MAX_ID_CHARS, OperationId, RequestId, RoleName, ServerId};
use crate::model::{
    Generation, Lease, NewOperation, OperationKind, OperationPayload, OperationRecord,
    OperationState, StepName,
};
use crate::repository::Store;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(operations {
    a_created_record_reads_back,
    a_taken_id_is_refused,
    a_save_writes_what_may_change,
    a_save_needs_the_lease_and_the_generation,
    a_save_follows_the_states,
    one_of_racing_saves_succeeds,
    the_longest_finished_go_first,
    a_record_outlives_its_server,
});

const FAR: Timestamp = Timestamp::from_micros(i64::MAX);

/// `operation_create` keeps every field, in every state.
pub async fn a_created_record_reads_back(store: &Store, env: &Env) {
    let mut all = Vec::new();
    let texts = [
        "",
        "{\"a\": \"\\u0000\"}",
        "\0 and \u{1b}[2J",
        "\u{1f980}\u{10ffff}",
        "'\"\\%_;--",
    ];
    for (state, text) in OperationState::ALL.iter().zip(texts) {
        let mut one = leased(env, "conductor");
        one.state = *state;
        one.payload = OperationPayload::new(text).unwrap();
        one.error = Some(text.to_owned());
        all.push(one);
    }
    let mut longest = record(env);
    longest.kind = "x".repeat(OperationKind::MAX_CHARS).parse().unwrap();
    longest.server_id = Some(ServerId::generate(env));
    longest.request_id = "\u{1f980}".repeat(MAX_ID_CHARS).parse().unwrap();
    longest.step = u32::MAX;
    longest.step_name = "x".repeat(StepName::MAX_CHARS).parse().unwrap();
    let most = "\"".repeat(OperationPayload::MAX_BYTES);
    longest.payload = OperationPayload::new(most).unwrap();
    longest.lease = Some(Lease {
        owner: "\u{1f980}".repeat(MAX_ID_CHARS).parse().unwrap(),
        until: FAR,
    });
    longest.attempts = u32::MAX;
    longest.error = Some("x".repeat(200_000));
    longest.created_at = Timestamp::from_micros(i64::MAX);
    longest.updated_at = Timestamp::from_micros(i64::MIN);
    longest.generation = Generation::new(9);
    all.push(longest);
    for one in &all {
        create(store, one).await;
    }
    for one in &all {
        assert!(get(store, one.id).await == *one, "{:?}", one.state);
    }
    let missing = OperationId::generate(env);
    assert_fails!(
        store.operations().operation_get(missing).await,
        Error::NotFound { kind: ObjectKind::Operation, id } if id == missing.to_string()
    );
}

/// `operation_create` refuses a taken id and leaves that record alone.
pub async fn a_taken_id_is_refused(store: &Store, env: &Env) {
    let one = leased(env, "conductor");
    create(store, &one).await;
    let second = OperationRecord {
        id: one.id,
        ..leased(env, "conductor")
    };
    assert_fails!(
        store.operations().operation_create(&second).await,
        Error::AlreadyExists { kind: ObjectKind::Operation, id } if id == one.id.to_string()
    );
    assert_eq!(get(store, one.id).await, one);
}

/// `operation_save` writes state, step, payload, error and time, returns them with the next
/// generation, and leaves alone what never changes and the lease.
pub async fn a_save_writes_what_may_change(store: &Store, env: &Env) {
    let one = leased(env, "conductor");
    create(store, &one).await;
    let expected = OperationRecord {
        state: OperationState::Unwinding,
        step: 7,
        step_name: "spawn".parse().unwrap(),
        payload: OperationPayload::new("\0{}").unwrap(),
        error: Some("no host \u{1f980}".to_owned()),
        updated_at: Timestamp::from_micros(5),
        generation: one.generation.next(),
        ..one.clone()
    };
    let written = OperationRecord {
        kind: fresh::<RequestId>(env, "kind").as_str().parse().unwrap(),
        server_id: Some(ServerId::generate(env)),
        request_id: RequestId::generate(env),
        lease: None,
        attempts: 99,
        created_at: Timestamp::EPOCH,
        generation: one.generation,
        ..expected.clone()
    };
    assert_eq!(save(store, &written).await.unwrap(), expected);
    assert_eq!(get(store, one.id).await, expected);
    let cleared = OperationRecord {
        error: None,
        ..expected
    };
    let saved = save(store, &cleared).await.unwrap();
    assert_eq!(saved.error, None);
    assert_eq!(get(store, one.id).await, saved);
}

/// `operation_save` of an unknown record is `NotFound`; by anybody but the owner, or of an older
/// generation, `Stale`. A lease that has expired but was not taken over is still the owner's.
pub async fn a_save_needs_the_lease_and_the_generation(store: &Store, env: &Env) {
    let mut one = leased(env, "conductor");
    one.lease = Some(Lease {
        owner: "conductor".parse().unwrap(),
        until: Timestamp::from_micros(i64::MIN + 1),
    });
    assert_fails!(
        save(store, &one).await,
        Error::NotFound { kind: ObjectKind::Operation, id } if id == one.id.to_string()
    );
    create(store, &one).await;
    let stale = |result, expected: Generation| {
        assert_fails!(
            result,
            Error::Stale { kind: ObjectKind::Operation, id, expected: named }
                if id == one.id.to_string() && named == expected
        );
    };
    for other in ["conductor-2", "Conductor"] {
        let other: RoleName = other.parse().unwrap();
        let result = store.operations().operation_save(&one, &other).await;
        stale(result, one.generation);
    }
    let saved = save(store, &one).await.unwrap();
    // Whoever is behind is told so, whatever else is wrong.
    let mut behind = one.clone();
    behind.state = OperationState::Undone;
    stale(save(store, &behind).await, one.generation);
    assert_eq!(get(store, one.id).await, saved);

    let free = record(env);
    create(store, &free).await;
    assert_fails!(save(store, &free).await, Error::Stale { .. });
    take(store, &free).await;
}

/// `operation_save` goes from a state to itself or to a successor; to no other. Who saves a
/// finished or a stuck record gives up the lease.
pub async fn a_save_follows_the_states(store: &Store, env: &Env) {
    for from in OperationState::ALL {
        for to in OperationState::ALL {
            let mut one = leased(env, "conductor");
            one.state = *from;
            create(store, &one).await;
            let next = OperationRecord {
                state: *to,
                ..one.clone()
            };
            let result = save(store, &next).await;
            if from.can_become(*to) {
                let expected = OperationRecord {
                    lease: one.lease.filter(|_| to.is_runnable()),
                    generation: one.generation.next(),
                    ..next
                };
                assert_eq!(result.unwrap(), expected);
                assert_eq!(get(store, one.id).await, expected);
            } else {
                assert_fails!(
                    result,
                    Error::Invalid {
                        field: "operation state",
                        ..
                    }
                );
                assert_eq!(get(store, one.id).await, one);
            }
        }
    }
}

/// Of saves of one generation at once, one succeeds.
pub async fn one_of_racing_saves_succeeds(store: &Store, env: &Env) {
    let one = leased(env, "conductor");
    create(store, &one).await;
    let results = at_once(16, |step| {
        let (store, mut one) = (store.clone(), one.clone());
        one.step = u32::try_from(step).unwrap();
        async move { save(&store, &one).await }
    })
    .await;
    let written = successes(results, Error::is_stale);
    assert_eq!(written.len(), 1, "of 16 at once");
    assert_eq!(get(store, one.id).await, written[0]);
}

/// `operation_purge_finished` takes finished records last saved before a time, the longest ago
/// first, and no more than the limit.
pub async fn the_longest_finished_go_first(store: &Store, env: &Env) {
    // Long before what any other case finishes.
    let at = |micros: i64| Timestamp::from_micros(i64::MIN + 1_000 + micros);
    let mut staying = Vec::new();
    for state in OperationState::ALL
        .iter()
        .filter(|state| !state.is_finished())
    {
        let mut one = leased(env, "conductor");
        one.state = *state;
        one.updated_at = at(0);
        create(store, &one).await;
        staying.push(one);
    }
    let mut gone: Vec<OperationId> = Vec::new();
    for micros in [3, 1, 4, 0, 2] {
        let mut one = leased(env, "conductor");
        create(store, &one).await;
        let end: &[OperationState] = match micros % 2 {
            0 => &[OperationState::Done],
            _ => &[OperationState::Unwinding, OperationState::Undone],
        };
        for state in end {
            one.state = *state;
            one.updated_at = at(micros);
            one = save(store, &one).await.unwrap();
        }
        gone.push(one.id);
    }
    let order = [gone[3], gone[1], gone[4], gone[0], gone[2]];
    let purge = |before, limit| {
        store
            .operations()
            .operation_purge_finished(at(before), limit)
    };
    assert_eq!(purge(0, 10).await.unwrap(), 0);
    assert_eq!(purge(4, 0).await.unwrap(), 0);
    assert_eq!(left(store, &order).await, order);
    assert_eq!(purge(4, 2).await.unwrap(), 2);
    assert_eq!(left(store, &order).await, order[2..]);
    assert_eq!(purge(4, 10).await.unwrap(), 2);
    assert_eq!(left(store, &order).await, order[4..]);
    assert_eq!(purge(5, u32::MAX).await.unwrap(), 1);
    assert!(left(store, &order).await.is_empty());
    for one in &staying {
        assert_eq!(get(store, one.id).await, *one);
    }
}

/// A record may be about a server that is not there, and stays when its server is purged.
pub async fn a_record_outlives_its_server(store: &Store, env: &Env) {
    let server = deleted(server(env), env.now());
    let mut one = leased(env, "conductor");
    one.server_id = Some(server.id);
    create(store, &one).await;
    store.servers().server_create(&server).await.unwrap();
    let purge = store.servers().server_purge(server.id, server.generation);
    assert!(purge.await.unwrap());
    assert_eq!(get(store, one.id).await, one);
}

pub(super) fn kind(env: &Env) -> OperationKind {
    format!("kind-{}", env.uuid().simple()).parse().unwrap()
}

/// A record that nobody works on.
pub(super) fn record(env: &Env) -> OperationRecord {
    let new = NewOperation {
        id: OperationId::generate(env),
        kind: kind(env),
        server_id: None,
        request_id: RequestId::generate(env),
        step_name: "claim-resources".parse().unwrap(),
        payload: OperationPayload::default(),
        lease: None,
    };
    OperationRecord::begin(new, env.now())
}

/// A record that is leased to the end of time.
pub(super) fn leased(env: &Env, owner: &str) -> OperationRecord {
    OperationRecord {
        lease: Some(Lease {
            owner: owner.parse().unwrap(),
            until: FAR,
        }),
        ..record(env)
    }
}

pub(super) async fn create(store: &Store, record: &OperationRecord) {
    store.operations().operation_create(record).await.unwrap();
}

pub(super) async fn get(store: &Store, id: OperationId) -> OperationRecord {
    store.operations().operation_get(id).await.unwrap()
}

/// Saves as the owner that the store has, or as somebody.
pub(super) async fn save(
    store: &Store,
    record: &OperationRecord,
) -> crate::error::Result<OperationRecord> {
    let owner: RoleName = match record.owner() {
        Some(owner) => owner.clone(),
        None => "conductor".parse().unwrap(),
    };
    store.operations().operation_save(record, &owner).await
}

/// Leases a free record to the end of time, so that no other case acquires it.
async fn take(store: &Store, record: &OperationRecord) {
    let owner: RoleName = "conductor".parse().unwrap();
    let take =
        store
            .operations()
            .operation_take(record.id, &owner, Timestamp::EPOCH, Duration::MAX);
    take.await.unwrap();
}

async fn left(store: &Store, of: &[OperationId]) -> Vec<OperationId> {
    let mut left = Vec::new();
    for id in of {
        if store.operations().operation_get(*id).await.is_ok() {
            left.push(*id);
        }
    }
    left
}
