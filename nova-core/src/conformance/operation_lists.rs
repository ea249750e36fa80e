//! Lists of long operations: filters, order, pages.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, fresh};
use super::operations::{create, kind, leased, save};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{OperationId, RoleName, ServerId};
use crate::model::{OperationKind, OperationRecord, OperationState};
use crate::repository::{OperationFilter, PageRequest, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(operation_lists {
    filters_let_through_what_matches,
    pages_follow_creation_and_id,
    paging_survives_concurrent_inserts,
});

/// Each condition of a filter and all of them together let through exactly what matches.
pub async fn filters_let_through_what_matches(store: &Store, env: &Env) {
    let kinds: [OperationKind; 2] = [kind(env), kind(env)];
    let servers = [ServerId::generate(env), ServerId::generate(env)];
    let owners: [RoleName; 2] = [fresh(env, "role"), fresh(env, "role")];
    let mut all = Vec::new();
    for index in 0..60 {
        let mut one = leased(env, owners[index / 2 % 2].as_str());
        one.kind = kinds[index % 2].clone();
        one.server_id = [None, Some(servers[0]), Some(servers[1])][index % 3];
        one.state = OperationState::ALL[index % 5];
        one.created_at = Timestamp::from_micros(i64::try_from(index).unwrap() / 2);
        create(store, &one).await;
        all.push(one);
    }
    all.sort_by_key(|one| (one.created_at, one.id));
    // A kind, a server or an owner of its own keeps other records in the store out.
    let scopes = [
        (Some(0), None, None),
        (None, Some(0), None),
        (None, None, Some(0)),
        (Some(1), Some(1), None),
        (Some(1), None, Some(1)),
        (None, Some(1), Some(1)),
        (Some(0), Some(0), Some(0)),
    ];
    for (kind, server, owner) in scopes {
        for state in std::iter::once(None).chain(OperationState::ALL.iter().map(Some)) {
            for unfinished in [false, true] {
                let filter = OperationFilter {
                    unfinished,
                    state: state.copied(),
                    kind: kind.map(|index: usize| kinds[index].clone()),
                    server: server.map(|index: usize| servers[index]),
                    owner: owner.map(|index: usize| owners[index].clone()),
                };
                let expected: Vec<OperationId> = all
                    .iter()
                    .filter(|one| lets_through(&filter, one))
                    .map(|one| one.id)
                    .collect();
                assert_eq!(ids(store, &filter, 1000).await, expected, "{filter:?}");
            }
        }
    }
    // Without a scope, others may be in between.
    for (filter, through) in [
        (
            OperationFilter {
                unfinished: true,
                ..OperationFilter::default()
            },
            false,
        ),
        (
            OperationFilter {
                state: Some(OperationState::Done),
                ..OperationFilter::default()
            },
            true,
        ),
    ] {
        let found = ids(store, &filter, 1000).await;
        for one in all.iter().filter(|one| one.state == OperationState::Done) {
            assert_eq!(found.contains(&one.id), through, "{filter:?}");
        }
    }
}

/// The order is creation time, then id; pages of every size have every record once. A marker must
/// exist, but need not pass the filter.
pub async fn pages_follow_creation_and_id(store: &Store, env: &Env) {
    let filter = OperationFilter {
        kind: Some(kind(env)),
        ..OperationFilter::default()
    };
    let mut all = Vec::new();
    for index in 0..12 {
        let mut one = leased(env, "conductor");
        one.kind = filter.kind.clone().unwrap();
        // Created in another order than that of their times, four of each instant.
        one.created_at = Timestamp::from_micros(1_000 - index % 3);
        create(store, &one).await;
        all.push(one);
    }
    all.sort_by_key(|one| (one.created_at, one.id));
    let expected: Vec<OperationId> = all.iter().map(|one| one.id).collect();
    for limit in [1, 2, 5, 11, 12, 13, 1000] {
        let found = ids(store, &filter, limit).await;
        assert_eq!(found, expected, "in pages of {limit}");
    }
    let whole = PageRequest::first(12).unwrap();
    let whole = store.operations().operation_list(&filter, &whole).await;
    let whole = whole.unwrap();
    assert_eq!((whole.items, whole.next), (all.clone(), None));

    let mut stranger = leased(env, "conductor");
    stranger.created_at = all[5].created_at;
    create(store, &stranger).await;
    let page = PageRequest::largest().after(stranger.id);
    let rest = store.operations().operation_list(&filter, &page).await;
    let rest: Vec<OperationId> = rest.unwrap().items.iter().map(|one| one.id).collect();
    let later: Vec<OperationId> = all
        .iter()
        .filter(|one| (one.created_at, one.id) > (stranger.created_at, stranger.id))
        .map(|one| one.id)
        .collect();
    assert_eq!(rest, later);
    let missing = OperationId::generate(env);
    let page = PageRequest::largest().after(missing);
    assert_fails!(
        store.operations().operation_list(&filter, &page).await,
        Error::NotFound { kind: ObjectKind::Operation, id } if id == missing.to_string()
    );
}

/// While records are created and saved, paging neither repeats nor hides those there.
pub async fn paging_survives_concurrent_inserts(store: &Store, env: &Env) {
    let filter = OperationFilter {
        kind: Some(kind(env)),
        ..OperationFilter::default()
    };
    let new = |env: &Env| OperationRecord {
        kind: filter.kind.clone().unwrap(),
        ..leased(env, "conductor")
    };
    let mut staying = Vec::new();
    for _ in 0..12 {
        let one = new(env);
        create(store, &one).await;
        staying.push((one.created_at, one.id));
    }
    staying.sort_unstable();
    let staying: Vec<OperationId> = staying.into_iter().map(|(_, id)| id).collect();
    at_once(4, |index| {
        let (store, filter, staying) = (store.clone(), filter.clone(), staying.clone());
        let mut passing: Vec<OperationRecord> = (0..6).map(|_| new(env)).collect();
        async move {
            for (step, one) in passing.iter_mut().enumerate() {
                if index == 0 {
                    let mut seen = ids(&store, &filter, 3).await;
                    seen.retain(|id| staying.contains(id));
                    assert_eq!(seen, staying);
                    continue;
                }
                if step % 2 == 0 {
                    one.created_at = Timestamp::from_micros(i64::try_from(step).unwrap());
                }
                create(&store, one).await;
                one.state = OperationState::Done;
                save(&store, one).await.unwrap();
            }
        }
    })
    .await;
}

/// The ids of all pages of so many.
async fn ids(store: &Store, filter: &OperationFilter, limit: u32) -> Vec<OperationId> {
    let mut ids = Vec::new();
    let mut request = PageRequest::first(limit).unwrap();
    loop {
        let page = store.operations().operation_list(filter, &request).await;
        let page = page.unwrap();
        assert!(page.items.len() <= limit as usize, "more than {limit}");
        for one in &page.items {
            assert!(!ids.contains(&one.id), "{} is listed twice", one.id);
            ids.push(one.id);
        }
        let Some(marker) = page.next else {
            return ids;
        };
        assert_eq!(ids.last(), Some(&marker), "the marker is not the last item");
        request = request.after(marker);
    }
}

fn lets_through(filter: &OperationFilter, one: &OperationRecord) -> bool {
    (!filter.unfinished || !one.state.is_finished())
        && (filter.state.is_none() || filter.state == Some(one.state))
        && (filter.kind.is_none() || filter.kind.as_ref() == Some(&one.kind))
        && (filter.server.is_none() || filter.server == one.server_id)
        && (filter.owner.is_none() || filter.owner.as_ref() == one.owner())
}
