//! Leases of long operations: renewed, taken over, given up.
//!
//! Acquiring takes whatever is free. So these cases put their records before all others, and give
//! back what is not theirs; at their end every record of theirs is leased to the end of time.

use std::time::Duration;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, fresh, successes};
use super::operations::{create, get, kind, leased, record, save};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind, Result};
use crate::id::{OperationId, RoleName};
use crate::model::{Lease, OperationKind, OperationRecord, OperationState};
use crate::repository::Store;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(operation_leases {
    a_renewal_moves_the_end_only,
    a_renewal_needs_the_lease,
    saves_and_renewals_do_not_meet,
    a_lease_is_taken_over_at_its_end,
    a_former_owner_writes_nothing,
    the_oldest_free_are_acquired_first,
    racing_acquirers_share,
    a_renewal_races_with_acquirers,
    taking_one_over,
    one_of_racing_takers_succeeds,
    a_released_record_is_free,
});

/// As long as a lease can be.
const FOREVER: Duration = Duration::MAX;

/// `operation_renew` moves the end of the lease, forwards and back, and changes nothing else.
pub async fn a_renewal_moves_the_end_only(store: &Store, env: &Env) {
    let one = leased(env, "conductor");
    create(store, &one).await;
    let owner = one.owner().unwrap();
    let now = Timestamp::from_micros(1_000_000);
    for (lease, until) in [
        (Duration::from_secs(30), Timestamp::from_micros(31_000_000)),
        (Duration::ZERO, now),
        (FOREVER, Timestamp::from_micros(i64::MAX)),
    ] {
        let renew = store.operations().operation_renew(&one, owner, now, lease);
        assert_eq!(renew.await.unwrap(), until);
        let expected = OperationRecord {
            lease: Some(Lease {
                owner: owner.clone(),
                until,
            }),
            ..one.clone()
        };
        assert_eq!(get(store, one.id).await, expected);
    }
}

/// `operation_renew` of an unknown record is `NotFound`, by anybody but the owner or of a record
/// without a lease `Stale`. A lease that has expired is renewed if nobody took it over.
pub async fn a_renewal_needs_the_lease(store: &Store, env: &Env) {
    let one = expiring(env, kind(env), "conductor", 0);
    let renew = async |one: &OperationRecord, owner: &str| {
        let owner = owner.parse().unwrap();
        let renew = store
            .operations()
            .operation_renew(one, &owner, at(50), FOREVER);
        renew.await
    };
    assert_fails!(
        renew(&one, "conductor").await,
        Error::NotFound { kind: ObjectKind::Operation, id } if id == one.id.to_string()
    );
    create(store, &one).await;
    for other in ["conductor-2", "Conductor"] {
        assert_fails!(
            renew(&one, other).await,
            Error::Stale { kind: ObjectKind::Operation, id, expected }
                if id == one.id.to_string() && expected == one.generation
        );
    }
    assert_eq!(get(store, one.id).await, one);
    renew(&one, "conductor").await.unwrap();

    let mut done = get(store, one.id).await;
    done.state = OperationState::Done;
    save(store, &done).await.unwrap();
    assert_fails!(renew(&done, "conductor").await, Error::Stale { .. });
}

/// While the owner saves, its renewals with the record of the start go through, and do not
/// disturb the saves.
pub async fn saves_and_renewals_do_not_meet(store: &Store, env: &Env) {
    let one = leased(env, "conductor");
    create(store, &one).await;
    at_once(2, |index| {
        let (store, one) = (store.clone(), one.clone());
        async move {
            let mut current = one.clone();
            for step in 1..=20 {
                if index == 0 {
                    current.step = step;
                    current = save(&store, &current).await.unwrap();
                } else {
                    let now = Timestamp::from_micros(i64::from(step));
                    let owner = one.owner().unwrap();
                    let renew =
                        store
                            .operations()
                            .operation_renew(&one, owner, now, Duration::ZERO);
                    renew.await.unwrap();
                }
            }
        }
    })
    .await;
    let held = get(store, one.id).await;
    assert_eq!(held.step, 20);
    assert_eq!(held.generation.get(), one.generation.get() + 20);
    assert_eq!(
        held.lease.as_ref().unwrap().until,
        Timestamp::from_micros(20)
    );
    let renew =
        store
            .operations()
            .operation_renew(&one, one.owner().unwrap(), held.created_at, FOREVER);
    renew.await.unwrap();
}

/// `operation_acquire` leaves a lease alone to the last instant before its end, and takes it over
/// at its end: by another, or by the same role.
pub async fn a_lease_is_taken_over_at_its_end(store: &Store, env: &Env) {
    for new_owner in ["conductor-2", "conductor"] {
        let one = expiring(env, kind(env), "conductor", 100);
        create(store, &one).await;
        let lease = Duration::from_micros(7);
        let early = acquire(store, &one.kind, new_owner, at(99), lease, 5).await;
        assert!(early.is_empty(), "{early:?}");
        assert_eq!(get(store, one.id).await, one);
        let expected = OperationRecord {
            lease: Some(Lease {
                owner: new_owner.parse().unwrap(),
                until: at(107),
            }),
            attempts: one.attempts + 1,
            generation: one.generation.next(),
            ..one.clone()
        };
        let taken = acquire(store, &one.kind, new_owner, at(100), lease, 5).await;
        assert_eq!(taken, std::slice::from_ref(&expected));
        assert_eq!(get(store, one.id).await, expected);
        let again = acquire(store, &one.kind, "conductor-3", at(106), lease, 5).await;
        assert!(again.is_empty(), "{again:?}");
        let again = acquire(store, &one.kind, "conductor-3", at(107), FOREVER, 5).await;
        assert_eq!(again[0].attempts, one.attempts + 2);
    }
}

/// After a takeover the former owner's save, renewal and release are `Stale`, even if the new
/// owner is a role of the same name; the new owner's are not.
pub async fn a_former_owner_writes_nothing(store: &Store, env: &Env) {
    for new_owner in ["conductor-2", "conductor"] {
        let one = expiring(env, kind(env), "conductor", 100);
        create(store, &one).await;
        let before = save(store, &one).await.unwrap();
        let taken = acquire(store, &one.kind, new_owner, at(100), FOREVER, 5).await;
        let [taken] = &taken[..] else {
            panic!("{taken:?} were acquired");
        };
        let owner = one.owner().unwrap();
        let operations = store.operations();
        for former in [&one, &before] {
            assert_fails!(save(store, former).await, Error::Stale { .. });
            assert_fails!(
                operations
                    .operation_renew(former, owner, at(99), FOREVER)
                    .await,
                Error::Stale { .. }
            );
            assert_fails!(
                operations.operation_release(former, owner).await,
                Error::Stale { .. }
            );
        }
        assert_eq!(get(store, one.id).await, *taken);
        let saved = save(store, taken).await.unwrap();
        let owner = taken.owner().unwrap();
        let renew = operations.operation_renew(taken, owner, at(100), FOREVER);
        renew.await.unwrap();
        assert_eq!(get(store, one.id).await, saved);
    }
}

/// `operation_acquire` takes what is running or unwinding and free, by creation and id, and no
/// more than the limit; a stuck, finished or leased record it leaves alone.
pub async fn the_oldest_free_are_acquired_first(store: &Store, env: &Env) {
    let kind = kind(env);
    let mut free = Vec::new();
    let mut others = Vec::new();
    for index in 0..12 {
        let mut one = expiring(env, kind.clone(), "conductor", 10 - index);
        if index % 3 == 0 {
            one.lease = None;
        }
        one.created_at = old(index % 5);
        one.state = match index % 2 {
            0 => OperationState::Running,
            _ => OperationState::Unwinding,
        };
        create(store, &one).await;
        free.push(one);
    }
    for state in [
        OperationState::Stuck,
        OperationState::Done,
        OperationState::Undone,
    ] {
        let one = OperationRecord {
            state,
            lease: None,
            ..expiring(env, kind.clone(), "conductor", 0)
        };
        others.push(one);
    }
    others.push(expiring(env, kind.clone(), "conductor", 11));
    for one in &others {
        create(store, one).await;
    }
    free.sort_by_key(|one| (one.created_at, one.id));
    let expected: Vec<OperationId> = free.iter().map(|one| one.id).collect();
    let mut acquired = Vec::new();
    for (limit, wanted) in [(0, 0), (5, 5), (1, 1), (100, 6), (100, 0)] {
        let got = acquire(store, &kind, "conductor-2", at(10), FOREVER, limit).await;
        assert_eq!(got.len(), wanted, "of at most {limit}");
        acquired.extend(got);
    }
    let order: Vec<OperationId> = acquired.iter().map(|one| one.id).collect();
    assert_eq!(order, expected);
    for one in &acquired {
        assert_eq!(get(store, one.id).await, *one);
    }
    for one in &others {
        assert_eq!(get(store, one.id).await, *one);
    }
    let last = acquire(store, &kind, "conductor-2", at(11), FOREVER, 100).await;
    assert_eq!(last.len(), 1);
}

/// Of acquirers at once no two get the same record, and together they get all.
pub async fn racing_acquirers_share(store: &Store, env: &Env) {
    let kind = kind(env);
    for index in 0..48 {
        let mut one = expiring(env, kind.clone(), "conductor", 0);
        if index % 2 == 0 {
            one.lease = None;
        }
        create(store, &one).await;
    }
    let shares = at_once(16, |index| {
        let (store, kind) = (store.clone(), kind.clone());
        let owner = format!("conductor-{index}");
        async move {
            let mut share = Vec::new();
            for _ in 0..3 {
                let got = acquire(&store, &kind, &owner, at(0), FOREVER, 2).await;
                assert!(got.len() <= 2, "more than the limit");
                share.extend(got);
            }
            share
        }
    })
    .await;
    let mut all: Vec<OperationRecord> = shares.into_iter().flatten().collect();
    // Who met another may have got less than there was.
    all.extend(acquire(store, &kind, "conductor-last", at(0), FOREVER, 100).await);
    for one in &all {
        assert_eq!(get(store, one.id).await, *one, "it went to another too");
        assert_eq!(one.attempts, 1);
    }
    let mut ids: Vec<OperationId> = all.iter().map(|one| one.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 48, "of 48 records, acquired {}", all.len());
}

/// At the instant at which a lease ends its owner keeps it or one other gets it, never both.
pub async fn a_renewal_races_with_acquirers(store: &Store, env: &Env) {
    for _ in 0..8 {
        let one = expiring(env, kind(env), "conductor", 100);
        create(store, &one).await;
        let outcomes = at_once(4, |index| {
            let (store, one) = (store.clone(), one.clone());
            async move {
                if index > 0 {
                    let owner = format!("conductor-{index}");
                    let got = acquire(&store, &one.kind, &owner, at(100), FOREVER, 1).await;
                    return got.len();
                }
                let owner = one.owner().unwrap();
                let renew = store
                    .operations()
                    .operation_renew(&one, owner, at(100), FOREVER);
                successes(vec![renew.await], Error::is_stale).len()
            }
        })
        .await;
        assert_eq!(outcomes.iter().sum::<usize>(), 1, "owners at once");
        acquire(store, &one.kind, "conductor", at(100), FOREVER, 1).await;
    }
}

/// `operation_take` takes a free or stuck record over; one that is not there is `NotFound`, a
/// finished one `Invalid`, a leased one `InUse`.
pub async fn taking_one_over(store: &Store, env: &Env) {
    let missing = OperationId::generate(env);
    assert_fails!(
        take(store, missing, "conductor-2").await,
        Error::NotFound { kind: ObjectKind::Operation, id } if id == missing.to_string()
    );
    for state in OperationState::ALL {
        // Free, expired at the instant, and leased for one more.
        for lease in [None, Some(100), Some(101)] {
            let one = OperationRecord {
                state: *state,
                lease: lease.map(|until| Lease {
                    owner: "conductor".parse().unwrap(),
                    until: at(until),
                }),
                ..record(env)
            };
            create(store, &one).await;
            let result = take(store, one.id, "conductor-2").await;
            if state.is_finished() {
                assert_fails!(
                    result,
                    Error::Invalid {
                        field: "operation state",
                        ..
                    }
                );
                assert_eq!(get(store, one.id).await, one);
            } else if lease == Some(101) {
                assert_fails!(
                    result,
                    Error::InUse { kind: ObjectKind::Operation, id, .. } if id == one.id.to_string()
                );
                assert_eq!(get(store, one.id).await, one);
                let owner = one.owner().unwrap();
                let renew = store
                    .operations()
                    .operation_renew(&one, owner, at(0), FOREVER);
                renew.await.unwrap();
            } else {
                let expected = OperationRecord {
                    lease: Some(Lease {
                        owner: "conductor-2".parse().unwrap(),
                        until: Timestamp::from_micros(i64::MAX),
                    }),
                    attempts: one.attempts + 1,
                    generation: one.generation.next(),
                    ..one.clone()
                };
                assert_eq!(result.unwrap(), expected);
                assert_eq!(get(store, one.id).await, expected);
            }
        }
    }
    // Whoever took a stuck one may make it run again.
    let mut stuck = record(env);
    stuck.state = OperationState::Stuck;
    create(store, &stuck).await;
    let mut taken = take(store, stuck.id, "conductor-2").await.unwrap();
    taken.state = OperationState::Running;
    let running = save(store, &taken).await.unwrap();
    assert_eq!(running.owner(), taken.owner());
}

/// Of those that take a record over at once, one succeeds.
pub async fn one_of_racing_takers_succeeds(store: &Store, env: &Env) {
    let one = expiring(env, kind(env), "conductor", 0);
    create(store, &one).await;
    let results = at_once(16, |index| {
        let (store, owner) = (store.clone(), format!("conductor-{index}"));
        async move { take(&store, one.id, &owner).await }
    })
    .await;
    let taken = successes(results, |error| matches!(error, Error::InUse { .. }));
    assert_eq!(taken.len(), 1, "of 16 at once");
    assert_eq!(get(store, one.id).await, taken[0]);
}

/// `operation_release` lets the next one in at once; a second time, by another or behind it is
/// `Stale`, and of an unknown record `NotFound`.
pub async fn a_released_record_is_free(store: &Store, env: &Env) {
    let mut one = leased(env, fresh::<RoleName>(env, "role").as_str());
    one.created_at = old(0);
    let owner = one.owner().unwrap().clone();
    let operations = store.operations();
    assert_fails!(
        operations.operation_release(&one, &owner).await,
        Error::NotFound { kind: ObjectKind::Operation, id } if id == one.id.to_string()
    );
    create(store, &one).await;
    let other: RoleName = fresh(env, "role");
    assert_fails!(
        operations.operation_release(&one, &other).await,
        Error::Stale { kind: ObjectKind::Operation, id, expected }
            if id == one.id.to_string() && expected == one.generation
    );
    let saved = save(store, &one).await.unwrap();
    assert_fails!(
        operations.operation_release(&one, &owner).await,
        Error::Stale { .. }
    );
    let expected = OperationRecord {
        lease: None,
        generation: saved.generation.next(),
        ..saved.clone()
    };
    let results = at_once(8, |_| {
        let (store, saved, owner) = (store.clone(), saved.clone(), owner.clone());
        async move { store.operations().operation_release(&saved, &owner).await }
    })
    .await;
    let released = successes(results, Error::is_stale);
    assert_eq!(released, std::slice::from_ref(&expected));
    assert_eq!(get(store, one.id).await, expected);
    assert_fails!(save(store, &saved).await, Error::Stale { .. });
    // It is free at any time, even at the beginning.
    let begin = Timestamp::from_micros(i64::MIN);
    let taken = acquire(store, &one.kind, "conductor-2", begin, FOREVER, 1).await;
    assert_eq!(taken.len(), 1, "a released record was not acquired");
    let renew = operations.operation_renew(&taken[0], taken[0].owner().unwrap(), at(0), FOREVER);
    renew.await.unwrap();
}

/// An instant at which no lease of other cases has ended.
fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(10_000 + micros)
}

/// When a record was created that is older than all of other cases.
fn old(micros: i64) -> Timestamp {
    Timestamp::from_micros(i64::MIN + 10_000 + micros)
}

/// A record, older than those of other cases, that is leased until `at(micros)`.
fn expiring(env: &Env, kind: OperationKind, owner: &str, micros: i64) -> OperationRecord {
    OperationRecord {
        kind,
        lease: Some(Lease {
            owner: owner.parse().unwrap(),
            until: at(micros),
        }),
        created_at: old(0),
        ..record(env)
    }
}

/// Acquires records of a kind. Others are given back.
async fn acquire(
    store: &Store,
    kind: &OperationKind,
    owner: &str,
    now: Timestamp,
    lease: Duration,
    limit: u32,
) -> Vec<OperationRecord> {
    let owner = owner.parse().unwrap();
    let acquired = store
        .operations()
        .operation_acquire(&owner, now, lease, limit);
    let (mine, others): (Vec<_>, Vec<_>) = acquired
        .await
        .unwrap()
        .into_iter()
        .partition(|record| record.kind == *kind);
    for other in others {
        let release = store.operations().operation_release(&other, &owner);
        release.await.unwrap();
    }
    mine
}

async fn take(store: &Store, id: OperationId, owner: &str) -> Result<OperationRecord> {
    let owner = owner.parse().unwrap();
    let take = store
        .operations()
        .operation_take(id, &owner, at(100), FOREVER);
    take.await
}
