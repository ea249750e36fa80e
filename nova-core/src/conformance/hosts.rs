//! Hosts and what administrators decide of them.

use std::time::Duration;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, claim, fresh, host, report, successes, used, vcpus};
use crate::env::Env;
use crate::error::{Error, ObjectKind};
use crate::id::HostName;
use crate::model::{Generation, Host, ResourceClass, ServiceStatus};
use crate::repository::Store;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(hosts {
    the_first_report_adds_the_host,
    a_report_leaves_decisions_alone,
    racing_first_reports_make_one_host,
    a_missing_host_is_not_found,
    names_differ_by_case,
    a_decision_is_compare_and_set,
    of_racing_decisions_one_wins,
    only_an_empty_host_is_deleted,
    usages_are_in_order,
});

const OFFER: (ResourceClass, u64, u64, f64) = (ResourceClass::Vcpu, 8, 0, 1.0);

/// The first report adds the host, as it says of itself; later ones replace what it said.
pub async fn the_first_report_adds_the_host(store: &Store, env: &Env) {
    let name: HostName = fresh(env, "host");
    let first = report(&name, &[OFFER, (ResourceClass::MemoryMb, 4096, 512, 1.5)]);
    let start = env.now();
    let expected = Host {
        report: first.clone(),
        service: ServiceStatus::default(),
        created_at: start,
        last_seen: start,
        generation: Generation::FIRST,
    };
    assert_eq!(
        store.hosts().host_report(&first, start).await.unwrap(),
        expected
    );
    assert_eq!(store.hosts().host_get(&name).await.unwrap(), expected);

    let mut second = report(&name, &[(ResourceClass::DiskGb, 1, 1, 0.1)]);
    second.zone = fresh(env, "zone");
    second.hypervisor.kind = "\0 \u{1f980}".to_owned();
    second.hypervisor.version = u64::MAX;
    second.capabilities.clear();
    second.traits.insert("A".repeat(255).parse().unwrap());
    let later = start.saturating_add(Duration::from_secs(10));
    let expected = Host {
        report: second.clone(),
        last_seen: later,
        ..expected
    };
    assert_eq!(
        store.hosts().host_report(&second, later).await.unwrap(),
        expected
    );
    assert_eq!(store.hosts().host_get(&name).await.unwrap(), expected);
}

/// A report changes neither the decision on a host nor its generation.
pub async fn a_report_leaves_decisions_alone(store: &Store, env: &Env) {
    let name = host(store, env, &[OFFER]).await;
    let reason = "\u{1f980}".repeat(ServiceStatus::MAX_REASON_CHARS);
    let service = ServiceStatus::disabled(reason).unwrap().force_down(true);
    let decided = store
        .hosts()
        .host_set_service(&name, Generation::FIRST, &service)
        .await
        .unwrap();
    let reported = store
        .hosts()
        .host_report(&report(&name, &[]), env.now())
        .await
        .unwrap();
    assert_eq!(reported.service, service);
    assert_eq!(reported.generation, decided.generation);
    assert_eq!(reported.created_at, decided.created_at);
    assert_eq!(store.hosts().host_get(&name).await.unwrap(), reported);
}

/// First reports that race make one host.
pub async fn racing_first_reports_make_one_host(store: &Store, env: &Env) {
    let name: HostName = fresh(env, "host");
    let report = report(&name, &[OFFER, (ResourceClass::MemoryMb, 4096, 512, 1.5)]);
    let now = env.now();
    let results = at_once(8, |_| {
        let (store, report) = (store.clone(), report.clone());
        async move { store.hosts().host_report(&report, now).await }
    })
    .await;
    for result in results {
        assert_eq!(result.unwrap().report, report);
    }
    let usages = store.hosts().host_usages().await.unwrap();
    assert_eq!(
        usages
            .iter()
            .filter(|usage| *usage.host.name() == name)
            .count(),
        1
    );
}

/// `host_get` and `host_set_service` of an unknown host are `NotFound`; nothing is allocated there.
pub async fn a_missing_host_is_not_found(store: &Store, env: &Env) {
    let name: HostName = fresh(env, "host");
    assert_fails!(
        store.hosts().host_get(&name).await,
        Error::NotFound { kind: ObjectKind::Host, id } if id == name.as_str()
    );
    let service = ServiceStatus::default();
    assert_fails!(
        store.hosts().host_set_service(&name, Generation::FIRST, &service).await,
        Error::NotFound { kind: ObjectKind::Host, id } if id == name.as_str()
    );
    assert_eq!(store.allocations().allocations_on(&name).await.unwrap(), []);
}

/// Names are compared to the letter.
pub async fn names_differ_by_case(store: &Store, env: &Env) {
    let tail = env.uuid().simple().to_string();
    let names: [HostName; 2] = [
        format!("node-{tail}").parse().unwrap(),
        format!("NODE-{tail}").parse().unwrap(),
    ];
    for (name, total) in names.iter().zip([1, 2]) {
        let report = report(name, &[(ResourceClass::Vcpu, total, 0, 1.0)]);
        store.hosts().host_report(&report, env.now()).await.unwrap();
    }
    store
        .allocations()
        .claim(&claim(env, &names[1], vcpus(2)))
        .await
        .unwrap();
    assert_eq!(used(store, &names[0]).await, (vcpus(0), 0));
    assert_eq!(used(store, &names[1]).await, (vcpus(2), 1));
}

/// `host_set_service` writes from the current generation and counts it up; from another it is
/// `Stale` and changes nothing.
pub async fn a_decision_is_compare_and_set(store: &Store, env: &Env) {
    let name = host(store, env, &[OFFER]).await;
    let before = store.hosts().host_get(&name).await.unwrap();
    let service = ServiceStatus::disabled("full").unwrap();
    let decided = store
        .hosts()
        .host_set_service(&name, before.generation, &service)
        .await
        .unwrap();
    let expected = Host {
        service,
        generation: before.generation.next(),
        ..before.clone()
    };
    assert_eq!(decided, expected);
    assert_fails!(
        store.hosts().host_set_service(&name, before.generation, &ServiceStatus::default()).await,
        Error::Stale { kind: ObjectKind::Host, id, expected }
            if id == name.as_str() && expected == before.generation
    );
    assert_eq!(store.hosts().host_get(&name).await.unwrap(), expected);
}

/// Of many decisions from the same generation exactly one is written.
pub async fn of_racing_decisions_one_wins(store: &Store, env: &Env) {
    let name = host(store, env, &[OFFER]).await;
    let results = at_once(8, |index| {
        let (store, name) = (store.clone(), name.clone());
        let service = ServiceStatus::disabled(index.to_string()).unwrap();
        async move {
            store
                .hosts()
                .host_set_service(&name, Generation::FIRST, &service)
                .await
        }
    })
    .await;
    let winners = successes(results, Error::is_stale);
    assert_eq!(
        winners.len(),
        1,
        "so many decisions of one generation were written"
    );
    assert_eq!(store.hosts().host_get(&name).await.unwrap(), winners[0]);
}

/// `host_delete` is `InUse` while anything is claimed, then removes the host, then returns
/// `false`. A host that reports again afterwards is a new one.
pub async fn only_an_empty_host_is_deleted(store: &Store, env: &Env) {
    let name = host(store, env, &[OFFER]).await;
    let held = claim(env, &name, vcpus(1));
    store.allocations().claim(&held).await.unwrap();
    assert_fails!(store.hosts().host_delete(&name).await, Error::InUse { .. });
    assert_eq!(used(store, &name).await, (vcpus(1), 1));
    assert!(
        store
            .allocations()
            .release(held.consumer, None)
            .await
            .unwrap()
    );
    let service = ServiceStatus::enabled().force_down(true);
    store
        .hosts()
        .host_set_service(&name, Generation::FIRST, &service)
        .await
        .unwrap();

    assert!(store.hosts().host_delete(&name).await.unwrap());
    assert!(!store.hosts().host_delete(&name).await.unwrap());
    assert!(
        store
            .hosts()
            .host_get(&name)
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        store
            .allocations()
            .claim(&held)
            .await
            .unwrap_err()
            .is_not_found()
    );

    let report = report(&name, &[]);
    let again = store.hosts().host_report(&report, env.now()).await.unwrap();
    assert_eq!(again.generation, Generation::FIRST);
    assert_eq!(again.service, ServiceStatus::default());
    assert_eq!(again.report, report);
}

/// `host_usages` has every host once, by name.
pub async fn usages_are_in_order(store: &Store, env: &Env) {
    let tail = env.uuid().simple().to_string();
    let mut names: Vec<HostName> = ["b", "A", "a", "\u{e4}", "B"]
        .iter()
        .map(|head| format!("{head}-{tail}").parse().unwrap())
        .collect();
    for name in &names {
        store
            .hosts()
            .host_report(&report(name, &[OFFER]), env.now())
            .await
            .unwrap();
    }
    names.sort_unstable();
    let usages = store.hosts().host_usages().await.unwrap();
    let mut listed: Vec<HostName> = usages
        .iter()
        .map(|usage| usage.host.name().clone())
        .collect();
    assert!(listed.is_sorted(), "the usages are not in order");
    listed.retain(|name| name.as_str().ends_with(&tail));
    assert_eq!(listed, names);
    for usage in usages
        .iter()
        .filter(|usage| names.contains(usage.host.name()))
    {
        assert!(usage.used.is_empty() && usage.servers == 0);
        assert_eq!(
            usage.host,
            store.hosts().host_get(usage.host.name()).await.unwrap()
        );
    }
}
