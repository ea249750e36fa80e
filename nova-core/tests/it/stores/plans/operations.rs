//! Long operations.

use std::time::Duration;

use nova_core::env::Timestamp;
use nova_core::id::{OperationId, RoleName};
use nova_core::model::{Lease, OperationState};
use nova_core::repository::{OperationFilter, PageRequest};

use super::probe::{Probe, Rule};
use super::rows::{server, uuid};
use super::seeds;

const LEASE: Duration = Duration::from_secs(60);

pub(super) async fn check(probe: &mut Probe) {
    leases(probe).await;
    lists(probe).await;
}

async fn leases(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let operations = store.operations();
    let owner: RoleName = "owner-1".parse().unwrap();
    // Those of the fill.
    let call = operations.operation_acquire(&owner, Timestamp::from_micros(1), LEASE, 10);
    let acquired = probe.ok("operation_acquire", "", Rule::Search, call).await;
    assert_eq!(acquired.len(), 10);

    let now = env.now();
    let until = now.saturating_add(LEASE);
    let lease = Lease {
        owner: owner.clone(),
        until,
    };
    let new = seeds::operation(&env, Some(lease));
    for what in ["", "again"] {
        let call = operations.operation_create(&new);
        let done = probe
            .call("operation_create", what, Rule::Search, call)
            .await;
        assert_eq!(done.is_ok(), what.is_empty());
    }
    let call = operations.operation_get(new.id);
    let held = probe.ok("operation_get", "", Rule::Search, call).await;
    let call = operations.operation_renew(&held, &owner, now, LEASE);
    probe.ok("operation_renew", "", Rule::Search, call).await;
    for what in ["", "stale"] {
        let call = operations.operation_save(&held, &owner);
        let done = probe.call("operation_save", what, Rule::Search, call).await;
        assert_eq!(done.is_ok(), what.is_empty());
    }
    let held = operations.operation_get(new.id).await.unwrap();
    let call = operations.operation_release(&held, &owner);
    probe.ok("operation_release", "", Rule::Search, call).await;
    let call = operations.operation_take(new.id, &owner, now, LEASE);
    let mut held = probe.ok("operation_take", "", Rule::Search, call).await;
    held.state = OperationState::Done;
    operations.operation_save(&held, &owner).await.unwrap();
    let call = operations.operation_purge_finished(Timestamp::from_micros(10_000_000), 5);
    let purged = probe.ok("operation_purge_finished", "", Rule::Range, call);
    assert_eq!(purged.await, 5);
}

async fn lists(probe: &mut Probe) {
    let store = probe.store.clone();
    let any = OperationFilter::default;
    let filters = [
        ("all", any(), Rule::Walk),
        (
            "unfinished",
            OperationFilter {
                unfinished: true,
                ..any()
            },
            Rule::Search,
        ),
        (
            "state",
            OperationFilter {
                state: Some(OperationState::Stuck),
                ..any()
            },
            Rule::Search,
        ),
        (
            "done",
            OperationFilter {
                state: Some(OperationState::Done),
                ..any()
            },
            Rule::Walk,
        ),
        (
            "kind",
            OperationFilter {
                kind: Some("kind-7".parse().unwrap()),
                ..any()
            },
            Rule::Search,
        ),
        (
            "server",
            OperationFilter {
                server: Some(server(7)),
                ..any()
            },
            Rule::Search,
        ),
        (
            "owner",
            OperationFilter {
                owner: Some("owner-1".parse().unwrap()),
                ..any()
            },
            Rule::Search,
        ),
        (
            "unfinished of a kind",
            OperationFilter {
                unfinished: true,
                kind: Some("kind-1".parse().unwrap()),
                ..any()
            },
            Rule::Search,
        ),
    ];
    let first = PageRequest::first(20).unwrap();
    let pages = [
        first.clone(),
        first.after(OperationId::from_uuid(uuid(25_000))),
    ];
    for (what, filter, rule) in &filters {
        for page in &pages {
            let call = store.operations().operation_list(filter, page);
            probe.ok("operation_list", what, *rule, call).await;
        }
    }
}
