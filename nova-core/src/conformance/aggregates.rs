//! Host aggregates.

use std::time::Duration;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, fresh, host, is_already_exists, successes};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{AggregateId, HostName, ZoneName};
use crate::model::{Aggregate, AggregateMetadata};
use crate::repository::{AggregateFilter, PageRequest, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(aggregates {
    a_created_aggregate_reads_back,
    a_taken_id_or_name_is_refused,
    a_missing_aggregate_is_not_found,
    an_update_is_compare_and_set,
    an_update_keeps_names_apart,
    of_racing_updates_one_wins,
    hosts_come_and_go,
    a_deleted_host_leaves,
    only_an_empty_aggregate_is_deleted,
    filters_find_their_aggregates,
    aggregates_come_in_pages,
});

fn aggregate(env: &Env) -> Aggregate {
    Aggregate::new(
        AggregateId::generate(env),
        fresh(env, "aggregate \u{e4}\u{1f980}"),
        env.now(),
    )
}

async fn created(store: &Store, env: &Env) -> Aggregate {
    let aggregate = aggregate(env);
    store
        .aggregates()
        .aggregate_create(&aggregate)
        .await
        .unwrap();
    aggregate
}

/// `aggregate_create` keeps every field, the longest texts too.
pub async fn a_created_aggregate_reads_back(store: &Store, env: &Env) {
    let mut full = aggregate(env);
    let tail = env.uuid().simple().to_string();
    let name = format!("{}{tail}", "\u{1f980}".repeat(255 - tail.len()));
    full.name = name.parse().unwrap();
    full.availability_zone = Some("\u{1f980}".repeat(255).parse().unwrap());
    let long = "\u{10ffff}".repeat(255);
    let texts = [
        ("a", ""),
        ("A", "'\"\\%_;--"),
        ("\u{e4} b", "two  words"),
        (&*long, &*long),
    ];
    full.metadata = AggregateMetadata::new(texts).unwrap();
    full.created_at = Timestamp::from_micros(-1);
    let mut many = aggregate(env);
    let keys = (0..AggregateMetadata::MAX_KEYS).map(|key| (key.to_string(), "value"));
    many.metadata = AggregateMetadata::new(keys).unwrap();
    for aggregate in [aggregate(env), full, many] {
        store
            .aggregates()
            .aggregate_create(&aggregate)
            .await
            .unwrap();
        let held = store.aggregates().aggregate_get(aggregate.id).await;
        assert_eq!(held.unwrap(), aggregate);
    }
}

/// `aggregate_create` refuses hosts, a taken id, and a taken name, which is compared to the letter.
pub async fn a_taken_id_or_name_is_refused(store: &Store, env: &Env) {
    let aggregates = store.aggregates();
    let mut first = aggregate(env);
    first.name = fresh(env, "name");
    aggregates.aggregate_create(&first).await.unwrap();
    let mut second = aggregate(env);
    second.hosts.insert(host(store, env, &[]).await);
    let create = aggregates.aggregate_create(&second).await;
    assert_fails!(create, Error::Invalid { .. });
    second.hosts.clear();
    second.name = first.name.clone();
    assert_fails!(
        aggregates.aggregate_create(&second).await,
        Error::AlreadyExists { kind: ObjectKind::Aggregate, id } if id == first.name.as_str()
    );
    second.id = first.id;
    assert_fails!(
        aggregates.aggregate_create(&second).await,
        Error::AlreadyExists { kind: ObjectKind::Aggregate, id } if id == first.id.to_string()
    );
    assert_eq!(aggregates.aggregate_get(first.id).await.unwrap(), first);
    let mut upper = aggregate(env);
    upper.name = first.name.as_str().to_uppercase().parse().unwrap();
    aggregates.aggregate_create(&upper).await.unwrap();

    let name = aggregate(env).name;
    let results = at_once(8, |_| {
        let (store, mut twin) = (store.clone(), aggregate(env));
        twin.name = name.clone();
        async move { store.aggregates().aggregate_create(&twin).await }
    })
    .await;
    assert_eq!(successes(results, is_already_exists).len(), 1);
}

/// Calls of an unknown aggregate are `NotFound`, before the host is looked at.
pub async fn a_missing_aggregate_is_not_found(store: &Store, env: &Env) {
    let (aggregates, missing) = (store.aggregates(), aggregate(env));
    let (id, host): (AggregateId, HostName) = (missing.id, fresh(env, "host"));
    let is_missing = |error: Error| matches!(error, Error::NotFound { kind: ObjectKind::Aggregate, id: found } if found == id.to_string());
    let get = aggregates.aggregate_get(id).await;
    assert!(is_missing(get.unwrap_err()));
    let update = aggregates.aggregate_update(&missing).await;
    assert!(is_missing(update.unwrap_err()));
    let add = aggregates.aggregate_add_host(id, &host).await;
    assert!(is_missing(add.unwrap_err()));
    let remove = aggregates.aggregate_remove_host(id, &host).await;
    assert!(is_missing(remove.unwrap_err()));
    assert!(!aggregates.aggregate_delete(id).await.unwrap());
    assert_eq!(aggregates.aggregates_of_host(&host).await.unwrap(), []);
}

/// `aggregate_update` writes name, zone and metadata from the current generation and counts it up;
/// it keeps hosts and `created_at`. From another generation it is `Stale` and changes nothing.
pub async fn an_update_is_compare_and_set(store: &Store, env: &Env) {
    let aggregates = store.aggregates();
    let mut before = aggregate(env);
    before.metadata = AggregateMetadata::new([("gone", "1"), ("kept", "2")]).unwrap();
    aggregates.aggregate_create(&before).await.unwrap();
    let name = host(store, env, &[]).await;
    aggregates
        .aggregate_add_host(before.id, &name)
        .await
        .unwrap();

    let mut change = aggregate(env);
    change.id = before.id;
    change.availability_zone = Some(fresh(env, "zone"));
    change.metadata = AggregateMetadata::new([("kept", "3"), ("new", "")]).unwrap();
    change.hosts.insert(fresh(env, "host"));
    change.created_at = Timestamp::EPOCH;
    change.updated_at = env.now().saturating_add(Duration::from_secs(1));
    let mut expected = change.clone();
    expected.hosts = [name].into();
    expected.created_at = before.created_at;
    expected.generation = before.generation.next();
    let written = aggregates.aggregate_update(&change).await.unwrap();
    assert_eq!(written, expected);
    assert_eq!(aggregates.aggregate_get(before.id).await.unwrap(), expected);
    // `Stale` also where the name is taken.
    let mut late = before.clone();
    late.name = created(store, env).await.name;
    assert_fails!(
        aggregates.aggregate_update(&late).await,
        Error::Stale { kind: ObjectKind::Aggregate, id, expected }
            if id == before.id.to_string() && expected == before.generation
    );
    assert_eq!(aggregates.aggregate_get(before.id).await.unwrap(), expected);

    let mut bare = expected.clone();
    bare.availability_zone = None;
    bare.metadata = AggregateMetadata::default();
    let bare = aggregates.aggregate_update(&bare).await.unwrap();
    assert_eq!(bare.availability_zone, None);
    assert_eq!(aggregates.aggregate_get(before.id).await.unwrap(), bare);
}

/// `aggregate_update` refuses the name of another aggregate; the name that it gives up is free.
pub async fn an_update_keeps_names_apart(store: &Store, env: &Env) {
    let aggregates = store.aggregates();
    let (one, other) = (created(store, env).await, created(store, env).await);
    let mut change = one.clone();
    change.name = other.name.clone();
    assert_fails!(
        aggregates.aggregate_update(&change).await,
        Error::AlreadyExists { kind: ObjectKind::Aggregate, id } if id == other.name.as_str()
    );
    assert_eq!(aggregates.aggregate_get(one.id).await.unwrap(), one);
    change.name = aggregate(env).name;
    let renamed = aggregates.aggregate_update(&change).await.unwrap();
    let again = aggregates.aggregate_update(&renamed).await.unwrap();
    assert_eq!(again.name, change.name);
    let mut other = other;
    other.name = one.name;
    aggregates.aggregate_update(&other).await.unwrap();
}

/// Of many updates from the same generation exactly one is written.
pub async fn of_racing_updates_one_wins(store: &Store, env: &Env) {
    let before = created(store, env).await;
    let results = at_once(8, |index| {
        let (store, mut change) = (store.clone(), before.clone());
        change.metadata = AggregateMetadata::new([("index", index.to_string())]).unwrap();
        async move { store.aggregates().aggregate_update(&change).await }
    })
    .await;
    let winners = successes(results, Error::is_stale);
    assert_eq!(winners.len(), 1);
    let held = store.aggregates().aggregate_get(before.id).await.unwrap();
    assert_eq!(held, winners[0]);
}

/// Adding and removing a host is idempotent and returns whether it changed anything; a host that is
/// not there cannot be added. Neither touches the generation.
pub async fn hosts_come_and_go(store: &Store, env: &Env) {
    let aggregates = store.aggregates();
    let (one, other) = (created(store, env).await, created(store, env).await);
    let name = host(store, env, &[]).await;
    let missing: HostName = fresh(env, "host");
    assert_fails!(
        aggregates.aggregate_add_host(one.id, &missing).await,
        Error::NotFound { kind: ObjectKind::Host, id } if id == missing.as_str()
    );
    let removed = aggregates.aggregate_remove_host(one.id, &missing).await;
    assert!(!removed.unwrap());
    assert!(aggregates.aggregate_add_host(one.id, &name).await.unwrap());
    assert!(!aggregates.aggregate_add_host(one.id, &name).await.unwrap());
    assert!(
        aggregates
            .aggregate_add_host(other.id, &name)
            .await
            .unwrap()
    );
    let mut expected = [one.clone(), other.clone()];
    for aggregate in &mut expected {
        aggregate.hosts.insert(name.clone());
        let held = aggregates.aggregate_get(aggregate.id).await.unwrap();
        assert_eq!(held, *aggregate);
    }
    expected.sort_by_key(|aggregate| aggregate.id);
    let of_host = aggregates.aggregates_of_host(&name).await.unwrap();
    assert_eq!(of_host, expected);
    let removed = aggregates.aggregate_remove_host(one.id, &name).await;
    assert!(removed.unwrap());
    let removed = aggregates.aggregate_remove_host(one.id, &name).await;
    assert!(!removed.unwrap());
    assert_eq!(aggregates.aggregate_get(one.id).await.unwrap(), one);
    let of_host = aggregates.aggregates_of_host(&name).await.unwrap();
    assert_eq!(of_host.len(), 1);

    let results = at_once(8, |_| {
        let (store, name) = (store.clone(), name.clone());
        async move { store.aggregates().aggregate_add_host(one.id, &name).await }
    })
    .await;
    let added = successes(results, |_| false);
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
}

/// A host that is deleted leaves its aggregates, and is not in them when it reports again.
pub async fn a_deleted_host_leaves(store: &Store, env: &Env) {
    let aggregates = store.aggregates();
    let aggregate = created(store, env).await;
    let (gone, kept) = (host(store, env, &[]).await, host(store, env, &[]).await);
    for host in [&gone, &kept] {
        aggregates
            .aggregate_add_host(aggregate.id, host)
            .await
            .unwrap();
    }
    let report = store.hosts().host_get(&gone).await.unwrap().report;
    assert!(store.hosts().host_delete(&gone).await.unwrap());
    let held = aggregates.aggregate_get(aggregate.id).await.unwrap();
    assert_eq!(held.hosts, [kept].into());
    store.hosts().host_report(&report, env.now()).await.unwrap();
    assert_eq!(aggregates.aggregates_of_host(&gone).await.unwrap(), []);
    let added = aggregates.aggregate_add_host(aggregate.id, &gone).await;
    assert!(added.unwrap());
}

/// `aggregate_delete` is `InUse` while there are hosts, then removes it and frees its name.
pub async fn only_an_empty_aggregate_is_deleted(store: &Store, env: &Env) {
    let aggregates = store.aggregates();
    let mut aggregate = aggregate(env);
    aggregate.metadata = AggregateMetadata::new([("key", "value")]).unwrap();
    aggregate.availability_zone = Some(fresh(env, "zone"));
    aggregates.aggregate_create(&aggregate).await.unwrap();
    let name = host(store, env, &[]).await;
    aggregates
        .aggregate_add_host(aggregate.id, &name)
        .await
        .unwrap();
    assert_fails!(
        aggregates.aggregate_delete(aggregate.id).await,
        Error::InUse { kind: ObjectKind::Aggregate, id, .. } if id == aggregate.id.to_string()
    );
    aggregates
        .aggregate_remove_host(aggregate.id, &name)
        .await
        .unwrap();
    assert!(aggregates.aggregate_delete(aggregate.id).await.unwrap());
    assert!(!aggregates.aggregate_delete(aggregate.id).await.unwrap());
    let get = aggregates.aggregate_get(aggregate.id).await;
    assert!(get.unwrap_err().is_not_found());
    aggregates.aggregate_create(&aggregate).await.unwrap();
    assert_eq!(
        aggregates.aggregate_get(aggregate.id).await.unwrap(),
        aggregate
    );
}

async fn ids(store: &Store, filter: &AggregateFilter) -> Vec<AggregateId> {
    let mut found = Vec::new();
    let mut request = PageRequest::largest();
    loop {
        let page = store.aggregates().aggregate_list(filter, &request).await;
        let page = page.unwrap();
        found.extend(page.items.iter().map(|aggregate| aggregate.id));
        let Some(marker) = page.next else { break found };
        request = request.after(marker);
    }
}

/// A list is of those with the host, the zone, the metadata key or its value, to the letter, and of
/// all of them together. The zone is found as metadata too.
pub async fn filters_find_their_aggregates(store: &Store, env: &Env) {
    let aggregates = store.aggregates();
    let (key, zone): (HostName, ZoneName) = (fresh(env, "key"), fresh(env, "zone"));
    let (key, name) = (key.to_string(), host(store, env, &[]).await);
    let mut made = Vec::new();
    for (value, zone) in [
        (Some("true"), Some(&zone)),
        (Some("TRUE"), None),
        (Some(""), Some(&zone)),
        (None, None),
    ] {
        let mut aggregate = aggregate(env);
        aggregate.metadata =
            AggregateMetadata::new(value.map(|value| (key.clone(), value))).unwrap();
        aggregate.availability_zone = zone.cloned();
        aggregates.aggregate_create(&aggregate).await.unwrap();
        made.push(aggregate.id);
    }
    for id in &made[2..] {
        aggregates.aggregate_add_host(*id, &name).await.unwrap();
    }
    let check = async |filter: AggregateFilter, expected: &[usize]| {
        let mut expected: Vec<AggregateId> = expected.iter().map(|index| made[*index]).collect();
        expected.sort_unstable();
        let mut found = ids(store, &filter).await;
        found.retain(|id| made.contains(id));
        assert_eq!(found, expected, "{filter:?}");
    };
    let with = |key: &str, value: Option<&str>| AggregateFilter {
        metadata: Some((key.to_owned(), value.map(ToOwned::to_owned))),
        ..AggregateFilter::default()
    };
    let on_host = AggregateFilter {
        host: Some(name.clone()),
        ..AggregateFilter::default()
    };
    let in_zone = AggregateFilter {
        zone: Some(zone.clone()),
        ..AggregateFilter::default()
    };
    check(AggregateFilter::default(), &[0, 1, 2, 3]).await;
    check(on_host.clone(), &[2, 3]).await;
    check(in_zone.clone(), &[0, 2]).await;
    check(with(&key, None), &[0, 1, 2]).await;
    check(with(&key, Some("true")), &[0]).await;
    check(with(&key, Some("")), &[2]).await;
    for nothing in ["true ", "tru", "\0", "\u{e4}", &"x".repeat(10_000)] {
        check(with(&key, Some(nothing)), &[]).await;
        check(with(nothing, None), &[]).await;
    }
    check(with(&key.to_uppercase(), None), &[]).await;
    check(with("availability_zone", None), &[0, 2]).await;
    check(with("availability_zone", Some(zone.as_str())), &[0, 2]).await;
    check(with("availability_zone", Some("\0")), &[]).await;
    let both = AggregateFilter {
        host: Some(name),
        ..in_zone.clone()
    };
    check(both.clone(), &[2]).await;
    let all = AggregateFilter {
        metadata: Some((key.clone(), Some(String::new()))),
        ..both
    };
    check(all, &[2]).await;
    let elsewhere = AggregateFilter {
        host: Some(fresh(env, "host")),
        ..AggregateFilter::default()
    };
    check(elsewhere, &[]).await;
}

/// `aggregate_list` is ordered by id; what is created in between neither repeats nor hides others,
/// and it goes on after a marker that was deleted.
pub async fn aggregates_come_in_pages(store: &Store, env: &Env) {
    let zone: ZoneName = fresh(env, "zone");
    let mut expected = Vec::new();
    for index in 0..7 {
        let mut aggregate = aggregate(env);
        aggregate.availability_zone = Some(zone.clone());
        let texts = [("index", index.to_string())];
        aggregate.metadata = AggregateMetadata::new(texts).unwrap();
        store
            .aggregates()
            .aggregate_create(&aggregate)
            .await
            .unwrap();
        expected.push(aggregate);
    }
    expected.sort_by_key(|aggregate| aggregate.id);
    let filter = AggregateFilter {
        zone: Some(zone),
        ..AggregateFilter::default()
    };
    for limit in [1, 3, 7, 1000] {
        let mut listed: Vec<Aggregate> = Vec::new();
        let mut request = PageRequest::first(limit).unwrap();
        loop {
            let page = store.aggregates().aggregate_list(&filter, &request).await;
            let page = page.unwrap();
            listed.extend(page.items);
            let Some(marker) = page.next else { break };
            assert_eq!(listed.last().map(|aggregate| aggregate.id), Some(marker));
            request = request.after(marker);
            created(store, env).await;
        }
        assert_eq!(listed, expected, "in pages of {limit}");
    }
    let marker = expected[2].id;
    assert!(store.aggregates().aggregate_delete(marker).await.unwrap());
    let rest = PageRequest::largest().after(marker);
    let rest = store.aggregates().aggregate_list(&filter, &rest).await;
    assert_eq!(rest.unwrap().items, expected[3..]);
}
