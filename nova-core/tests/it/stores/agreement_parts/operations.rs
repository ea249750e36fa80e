//! Calls about long operations.

use std::time::Duration;

use nova_core::env::Timestamp;
use nova_core::id::{OperationId, RoleName, ServerId};
use nova_core::model::{
    Generation, Lease, NewOperation, OperationPayload, OperationRecord, OperationState,
};
use nova_core::repository::{OperationFilter, PageRequest, Store};
use proptest::prelude::*;

/// A call, over few enough ids that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    /// Creates a record.
    Create {
        id: u8,
        state: usize,
        server: Option<u8>,
        lease: Option<(u8, i64)>,
        at: i64,
    },
    /// Reads one.
    Get { id: u8 },
    /// Saves one.
    Save {
        id: u8,
        owner: u8,
        generation: u64,
        state: usize,
        step: u32,
        at: i64,
    },
    /// Renews a lease.
    Renew {
        id: u8,
        owner: u8,
        attempts: u32,
        now: i64,
        lease: u64,
    },
    /// Acquires what is free.
    Acquire {
        owner: u8,
        now: i64,
        lease: u64,
        limit: u32,
    },
    /// Takes one over.
    Take {
        id: u8,
        owner: u8,
        now: i64,
        lease: u64,
    },
    /// Gives one up.
    Release { id: u8, owner: u8, generation: u64 },
    /// Lists some.
    List {
        filter: Filter,
        limit: u32,
        marker: Option<u8>,
    },
    /// Purges what is finished.
    Purge { before: i64, limit: u32 },
}

/// The conditions of a list.
#[derive(Debug, Clone)]
pub struct Filter {
    unfinished: bool,
    state: Option<usize>,
    kind: Option<u8>,
    server: Option<u8>,
    owner: Option<u8>,
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let id = || 0..5_u8;
    let owner = || 0..2_u8;
    let generation = || 0..4_u64;
    let at = || 0..6_i64;
    let lease = || 0..4_u64;
    let state = || 0..OperationState::ALL.len();
    let few = || prop::option::of(0..2_u8);
    let filter = (
        any::<bool>(),
        prop::option::of(state()),
        few(),
        few(),
        few(),
    )
        .prop_map(|(unfinished, state, kind, server, owner)| Filter {
            unfinished,
            state,
            kind,
            server,
            owner,
        });
    prop_oneof![
        4 => (id(), state(), few(), prop::option::of((owner(), at())), at()).prop_map(
            |(id, state, server, lease, at)| Call::Create { id, state, server, lease, at }
        ),
        1 => id().prop_map(|id| Call::Get { id }),
        6 => (id(), owner(), generation(), state(), 0..3_u32, at()).prop_map(
            |(id, owner, generation, state, step, at)| {
                Call::Save { id, owner, generation, state, step, at }
            }
        ),
        3 => (id(), owner(), 0..3_u32, at(), lease()).prop_map(
            |(id, owner, attempts, now, lease)| Call::Renew { id, owner, attempts, now, lease }
        ),
        4 => (owner(), at(), lease(), 0..4_u32)
            .prop_map(|(owner, now, lease, limit)| Call::Acquire { owner, now, lease, limit }),
        2 => (id(), owner(), at(), lease())
            .prop_map(|(id, owner, now, lease)| Call::Take { id, owner, now, lease }),
        2 => (id(), owner(), generation())
            .prop_map(|(id, owner, generation)| Call::Release { id, owner, generation }),
        3 => (filter, 1..4_u32, prop::option::of(id()))
            .prop_map(|(filter, limit, marker)| Call::List { filter, limit, marker }),
        1 => (at(), 0..3_u32).prop_map(|(before, limit)| Call::Purge { before, limit }),
    ]
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call) -> String {
    let operations = store.operations();
    match call {
        Call::Create {
            id,
            state,
            server,
            lease,
            at,
        } => {
            let mut new = record(*id, *at);
            new.state = OperationState::ALL[*state];
            new.server_id = server.map(server_id);
            new.lease = lease.map(|(owner, until)| Lease {
                owner: role(owner),
                until: Timestamp::from_micros(until),
            });
            text(operations.operation_create(&new).await)
        }
        Call::Get { id } => text(operations.operation_get(operation_id(*id)).await),
        Call::Save {
            id,
            owner,
            generation,
            state,
            step,
            at,
        } => {
            let mut written = record(*id, *at);
            written.generation = Generation::new(*generation);
            written.state = OperationState::ALL[*state];
            written.step = *step;
            written.error = (*step > 1).then(|| "\0".to_owned());
            text(operations.operation_save(&written, &role(*owner)).await)
        }
        Call::Renew {
            id,
            owner,
            attempts,
            now,
            lease,
        } => {
            let mut held = record(*id, 0);
            held.attempts = *attempts;
            let (now, lease) = (Timestamp::from_micros(*now), Duration::from_micros(*lease));
            let owner = role(*owner);
            let renew = operations.operation_renew(&held, &owner, now, lease);
            text(renew.await)
        }
        Call::Acquire {
            owner,
            now,
            lease,
            limit,
        } => {
            let (now, lease) = (Timestamp::from_micros(*now), Duration::from_micros(*lease));
            let owner = role(*owner);
            let acquire = operations.operation_acquire(&owner, now, lease, *limit);
            text(acquire.await)
        }
        Call::Take {
            id,
            owner,
            now,
            lease,
        } => {
            let (now, lease) = (Timestamp::from_micros(*now), Duration::from_micros(*lease));
            let owner = role(*owner);
            let take = operations.operation_take(operation_id(*id), &owner, now, lease);
            text(take.await)
        }
        Call::Release {
            id,
            owner,
            generation,
        } => {
            let mut held = record(*id, 0);
            held.generation = Generation::new(*generation);
            text(operations.operation_release(&held, &role(*owner)).await)
        }
        Call::List {
            filter,
            limit,
            marker,
        } => {
            let filter = OperationFilter {
                unfinished: filter.unfinished,
                state: filter.state.map(|index| OperationState::ALL[index]),
                kind: filter.kind.map(|number| kind(number).parse().unwrap()),
                server: filter.server.map(server_id),
                owner: filter.owner.map(role),
            };
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(operation_id(*marker));
            }
            text(operations.operation_list(&filter, &page).await)
        }
        Call::Purge { before, limit } => {
            let before = Timestamp::from_micros(*before);
            text(operations.operation_purge_finished(before, *limit).await)
        }
    }
}

fn record(id: u8, at: i64) -> OperationRecord {
    let new = NewOperation {
        id: operation_id(id),
        kind: kind(id % 2).parse().unwrap(),
        server_id: None,
        request_id: "req-1".parse().unwrap(),
        step_name: "step".parse().unwrap(),
        payload: OperationPayload::new(format!("[{at}]")).unwrap(),
        lease: None,
    };
    OperationRecord::begin(new, Timestamp::from_micros(at))
}

fn kind(number: u8) -> String {
    format!("kind-{number}")
}

fn role(number: u8) -> RoleName {
    format!("conductor-{number}").parse().unwrap()
}

fn uuid(number: u8) -> uuid::Uuid {
    uuid::Uuid::from_u128(0x6f70_6572 << 64 | u128::from(number))
}

fn operation_id(number: u8) -> OperationId {
    OperationId::from_uuid(uuid(number))
}

fn server_id(number: u8) -> ServerId {
    ServerId::from_uuid(uuid(number))
}

fn text(answer: impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_sqlite_agree(calls in prop::collection::vec(call(), 64)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let memory = Store::new(nova_core::repository::memory::MemoryStore::new());
            let sql = nova_core::repository::sql::SqlStore::connect("sqlite::memory:").await.unwrap();
            let sqlite = Store::new(sql.clone());
            for (index, call) in calls.iter().enumerate() {
                let (one, other) = (answer(&memory, call).await, answer(&sqlite, call).await);
                prop_assert_eq!(one, other, "the answers to {:?} (call {})", call, index);
            }
            sql.close().await;
            Ok(())
        })?;
    }
}
