//! Calls about long operations.

use std::time::Duration;

use nova_core::env::Timestamp;
use nova_core::id::{OperationId, RoleName};
use nova_core::model::{Lease, NewOperation, OperationPayload, OperationRecord, OperationState};
use nova_core::repository::{OperationFilter, PageRequest, Store};
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, generation, page, page_request, request_id, seldom, server_id, text, time, uuid,
    words,
};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Create {
        id: u8,
        state: usize,
        server: Option<u8>,
        lease: Option<(u8, i64)>,
        at: i64,
    },
    Get {
        id: u8,
    },
    Save {
        id: u8,
        owner: u8,
        wrong: bool,
        state: usize,
        step: u32,
        at: i64,
    },
    Renew {
        id: u8,
        owner: u8,
        /// As if it was read before it was taken over.
        wrong: bool,
        now: i64,
        lease: u64,
    },
    Acquire {
        owner: u8,
        now: i64,
        lease: u64,
        limit: u32,
    },
    Take {
        id: u8,
        owner: u8,
        now: i64,
        lease: u64,
    },
    Release {
        id: u8,
        owner: u8,
        wrong: bool,
    },
    List {
        filter: Filter,
        page: (u32, Option<u8>),
    },
    Purge {
        before: i64,
        limit: u32,
    },
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
    let owner = || prop_oneof![3 => Just(0), 1 => Just(1)];
    let at = || 0..6_i64;
    let lease = || 0..4_u64;
    let state = || 0..OperationState::ALL.len();
    let two = || prop::option::of(0..2_u8);
    let filter = (
        any::<bool>(),
        prop::option::of(state()),
        two(),
        two(),
        two(),
    )
        .prop_map(|(unfinished, state, kind, server, owner)| Filter {
            unfinished,
            state,
            kind,
            server,
            owner,
        });
    let leased = prop::option::weighted(0.8, (owner(), at()));
    prop_oneof![
        10 => (few(), prop_oneof![2 => Just(0), 1 => state()], two(), leased, at()).prop_map(
            |(id, state, server, lease, at)| Call::Create { id, state, server, lease, at }
        ),
        1 => few().prop_map(|id| Call::Get { id }),
        10 => (few(), owner(), seldom(), state(), 0..3_u32, at()).prop_map(
            |(id, owner, wrong, state, step, at)| Call::Save { id, owner, wrong, state, step, at }
        ),
        6 => (few(), owner(), seldom(), at(), lease()).prop_map(
            |(id, owner, wrong, now, lease)| Call::Renew { id, owner, wrong, now, lease }
        ),
        4 => (owner(), at(), lease(), 0..4_u32)
            .prop_map(|(owner, now, lease, limit)| Call::Acquire { owner, now, lease, limit }),
        2 => (few(), owner(), at(), lease())
            .prop_map(|(id, owner, now, lease)| Call::Take { id, owner, now, lease }),
        2 => (few(), owner(), seldom())
            .prop_map(|(id, owner, wrong)| Call::Release { id, owner, wrong }),
        3 => (filter, page_request()).prop_map(|(filter, page)| Call::List { filter, page }),
        1 => (at(), 0..3_u32).prop_map(|(before, limit)| Call::Purge { before, limit }),
    ]
}

fn operation_id(number: u8) -> OperationId {
    OperationId::from_uuid(uuid(10, number))
}

fn kind(number: u8) -> String {
    format!("kind-{number}")
}

fn role(number: u8) -> RoleName {
    format!("conductor-{number}").parse().unwrap()
}

fn record(id: u8, at: i64) -> OperationRecord {
    let new = NewOperation {
        id: operation_id(id),
        kind: kind(id % 2).parse().unwrap(),
        server_id: None,
        request_id: request_id(id),
        step_name: "step".parse().unwrap(),
        payload: OperationPayload::new(words(id)).unwrap(),
        lease: None,
    };
    OperationRecord::begin(new, time(at))
}

/// The record as the store holds it, or one that it does not know.
async fn held(store: &Store, id: u8) -> OperationRecord {
    let held = store.operations().operation_get(operation_id(id)).await;
    held.unwrap_or_else(|_| record(id, 0))
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
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
                until: time(until),
            });
            text(operations.operation_create(&new).await)
        }
        Call::Get { id } => text(operations.operation_get(operation_id(*id)).await),
        Call::Save {
            id,
            owner,
            wrong,
            state,
            step,
            at,
        } => {
            let mut written = held(store, *id).await;
            written.generation = generation(written.generation, *wrong);
            written.state = OperationState::ALL[*state];
            written.step = *step;
            written.error = (*step > 1).then(|| words(2));
            written.payload = OperationPayload::new(format!("[{step}]")).unwrap();
            written.updated_at = time(*at);
            // Never written: ignored.
            written.created_at = now;
            text(operations.operation_save(&written, &role(*owner)).await)
        }
        Call::Renew {
            id,
            owner,
            wrong,
            now,
            lease,
        } => {
            let mut held = held(store, *id).await;
            held.attempts += u32::from(*wrong);
            let owner = role(*owner);
            let lease = Duration::from_micros(*lease);
            let renew = operations.operation_renew(&held, &owner, time(*now), lease);
            text(renew.await)
        }
        Call::Acquire {
            owner,
            now,
            lease,
            limit,
        } => {
            let owner = role(*owner);
            let lease = Duration::from_micros(*lease);
            let acquire = operations.operation_acquire(&owner, time(*now), lease, *limit);
            text(acquire.await)
        }
        Call::Take {
            id,
            owner,
            now,
            lease,
        } => {
            let owner = role(*owner);
            let lease = Duration::from_micros(*lease);
            let take = operations.operation_take(operation_id(*id), &owner, time(*now), lease);
            text(take.await)
        }
        Call::Release { id, owner, wrong } => {
            let mut held = held(store, *id).await;
            held.generation = generation(held.generation, *wrong);
            text(operations.operation_release(&held, &role(*owner)).await)
        }
        Call::List {
            filter,
            page: request,
        } => {
            let filter = OperationFilter {
                unfinished: filter.unfinished,
                state: filter.state.map(|index| OperationState::ALL[index]),
                kind: filter.kind.map(|number| kind(number).parse().unwrap()),
                server: filter.server.map(server_id),
                owner: filter.owner.map(role),
            };
            let page = page(request, operation_id);
            text(operations.operation_list(&filter, &page).await)
        }
        Call::Purge { before, limit } => text(
            operations
                .operation_purge_finished(time(*before), *limit)
                .await,
        ),
    }
}

/// What the store holds of long operations.
pub async fn contents(store: &Store) -> Vec<String> {
    let operations = store.operations();
    let (filter, page) = (OperationFilter::default(), PageRequest::largest());
    let mut all = vec![text(operations.operation_list(&filter, &page).await)];
    for number in NUMBERS {
        let held = operations.operation_get(operation_id(number)).await;
        all.push(text(held.map(|record| record.payload.as_str().to_owned())));
    }
    all
}
