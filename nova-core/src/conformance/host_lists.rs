//! Lists of compute hosts.

use std::time::Duration;

use super::cases::{Case, cases};
use super::fixture::{fresh, report};
use crate::env::{Env, Timestamp};
use crate::id::{HostName, ZoneName};
use crate::model::{Generation, Host, ResourceClass, ServiceAvailability, ServiceStatus};
use crate::repository::{HostFilter, PageRequest, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(host_lists {
    pages_follow_the_name,
    every_condition_of_a_filter_counts,
    a_prefix_is_taken_to_the_letter,
    a_decision_changes_the_lists,
});

/// Adds a host in the zone that last reported at that time.
async fn host_in(store: &Store, zone: &ZoneName, name: HostName, seen: Timestamp) -> Host {
    let mut report = report(&name, &[(ResourceClass::Vcpu, 8, 1, 2.0)]);
    report.zone = zone.clone();
    store.hosts().host_report(&report, seen).await.unwrap()
}

async fn decide(store: &Store, host: &Host, service: &ServiceStatus) -> Host {
    let decided = store
        .hosts()
        .host_set_service(host.name(), host.generation, service);
    decided.await.unwrap()
}

async fn list(store: &Store, filter: &HostFilter) -> Vec<Host> {
    let whole = PageRequest::largest();
    let page = store.hosts().host_list(filter, &whole).await.unwrap();
    assert_eq!(page.next, None);
    page.items
}

/// `host_list` is ordered by the bytes of the name, has each host whole and once, and goes on
/// after a marker that was deleted.
pub async fn pages_follow_the_name(store: &Store, env: &Env) {
    let (zone, tail): (ZoneName, _) = (fresh(env, "zone"), env.uuid().simple().to_string());
    let filter = HostFilter {
        zone: Some(zone.clone()),
        ..HostFilter::default()
    };
    let mut expected = Vec::new();
    for head in ["b", "A", "a", "\u{e4}", "B", "a-", "a_", "\u{1f980}"] {
        let name = format!("{head}{tail}").parse().unwrap();
        expected.push(host_in(store, &zone, name, env.now()).await);
    }
    expected.sort_unstable_by(|one, two| one.name().cmp(two.name()));
    for limit in [1, 3, 8, 1000] {
        let mut listed: Vec<Host> = Vec::new();
        let mut request = PageRequest::first(limit).unwrap();
        loop {
            let page = store.hosts().host_list(&filter, &request).await.unwrap();
            listed.extend(page.items);
            let Some(marker) = page.next else { break };
            assert_eq!(listed.last().map(Host::name), Some(&marker));
            request = request.after(marker);
        }
        assert_eq!(listed, expected, "in pages of {limit}");
    }

    let marker = expected[2].name().clone();
    assert!(store.hosts().host_delete(&marker).await.unwrap());
    let after = PageRequest::largest().after(marker);
    let rest = store.hosts().host_list(&filter, &after).await.unwrap();
    assert_eq!(rest.items, expected[3..]);

    let all = store
        .hosts()
        .host_list(&HostFilter::default(), &PageRequest::first(5).unwrap())
        .await
        .unwrap();
    assert_eq!(all.items.len(), 5);
    assert!(all.items.is_sorted_by(|one, two| one.name() < two.name()));
}

/// `host_list` lets through what satisfies every condition that is set.
pub async fn every_condition_of_a_filter_counts(store: &Store, env: &Env) {
    let zone: ZoneName = fresh(env, "zone");
    let early = env.now();
    let late = early.saturating_add(Duration::from_secs(60));
    let enabled = ServiceStatus::enabled();
    let disabled = ServiceStatus::disabled("repair \u{1f980}").unwrap();
    let mut hosts = Vec::new();
    for (seen, service) in [
        (early, enabled.clone()),
        (late, disabled.clone()),
        (early, enabled.force_down(true)),
        (late, disabled.force_down(true)),
    ] {
        let host = host_in(store, &zone, fresh(env, "host"), seen).await;
        hosts.push(decide(store, &host, &service).await);
    }
    host_in(store, &fresh(env, "zone"), fresh(env, "host"), late).await;
    let everything = HostFilter {
        zone: Some(zone),
        ..HostFilter::default()
    };
    let filters = [
        (everything.clone(), vec![0, 1, 2, 3]),
        (
            HostFilter {
                availability: Some(ServiceAvailability::Enabled),
                ..everything.clone()
            },
            vec![0, 2],
        ),
        (
            HostFilter {
                availability: Some(ServiceAvailability::Disabled),
                ..everything.clone()
            },
            vec![1, 3],
        ),
        (
            HostFilter {
                forced_down: Some(true),
                ..everything.clone()
            },
            vec![2, 3],
        ),
        (
            HostFilter {
                forced_down: Some(false),
                seen_since: Some(late),
                ..everything.clone()
            },
            vec![1],
        ),
        (
            HostFilter {
                silent_since: Some(late),
                ..everything.clone()
            },
            vec![0, 2],
        ),
        (
            HostFilter {
                silent_since: Some(early),
                ..everything.clone()
            },
            vec![],
        ),
        (
            HostFilter {
                name_prefix: Some(hosts[3].name().to_string()),
                availability: Some(ServiceAvailability::Disabled),
                forced_down: Some(true),
                seen_since: Some(early),
                ..everything
            },
            vec![3],
        ),
    ];
    for (filter, wanted) in filters {
        let mut expected: Vec<Host> = wanted
            .into_iter()
            .map(|index| hosts[index].clone())
            .collect();
        expected.sort_unstable_by(|one, two| one.name().cmp(two.name()));
        assert_eq!(list(store, &filter).await, expected, "{filter:?}");
    }
}

/// A prefix has no wildcards, case and accents count, and any character may be in it.
pub async fn a_prefix_is_taken_to_the_letter(store: &Store, env: &Env) {
    let (zone, tail): (ZoneName, _) = (fresh(env, "zone"), env.uuid().simple().to_string());
    let heads = [
        "no",
        "node",
        "node_",
        "nodex",
        "Node",
        "n\u{f6}de",
        "node\u{10ffff}",
        "%",
    ];
    for head in heads {
        let name = format!("{head}{tail}").parse().unwrap();
        host_in(store, &zone, name, env.now()).await;
    }
    for (prefix, expected) in [
        ("", 8),
        ("node", 4),
        ("node_", 1),
        ("%", 1),
        ("N", 1),
        ("n\u{f6}", 1),
        ("node\u{10ffff}", 1),
        ("\u{10ffff}", 0),
        ("node ", 0),
        ("\0", 0),
        ("'", 0),
    ] {
        let filter = HostFilter {
            zone: Some(zone.clone()),
            name_prefix: Some(prefix.to_owned()),
            ..HostFilter::default()
        };
        let found = list(store, &filter).await;
        assert_eq!(found.len(), expected, "{prefix:?}: {found:?}");
        assert!(
            found
                .iter()
                .all(|host| host.name().as_str().starts_with(prefix))
        );
    }
}

/// A host moves between the lists as it is decided about, and stays there when it reports.
pub async fn a_decision_changes_the_lists(store: &Store, env: &Env) {
    let zone: ZoneName = fresh(env, "zone");
    let host = host_in(store, &zone, fresh(env, "host"), env.now()).await;
    assert_eq!(host.generation, Generation::FIRST);
    let filter = HostFilter {
        zone: Some(zone.clone()),
        availability: Some(ServiceAvailability::Disabled),
        forced_down: Some(true),
        ..HostFilter::default()
    };
    assert_eq!(list(store, &filter).await, []);
    let service = ServiceStatus::disabled("full").unwrap().force_down(true);
    let decided = decide(store, &host, &service).await;
    assert_eq!(list(store, &filter).await, [decided]);
    let reported = host_in(store, &zone, host.name().clone(), env.now()).await;
    assert_eq!(list(store, &filter).await, std::slice::from_ref(&reported));
    decide(store, &reported, &ServiceStatus::enabled()).await;
    assert_eq!(list(store, &filter).await, []);
}
