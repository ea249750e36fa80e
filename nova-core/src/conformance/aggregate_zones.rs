//! A host is in at most one availability zone.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, fresh, host, successes};
use crate::env::Env;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{AggregateId, HostName, ZoneName};
use crate::model::Aggregate;
use crate::repository::Store;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(aggregate_zones {
    a_host_is_not_added_to_a_second_zone,
    an_aggregate_is_not_moved_to_a_second_zone,
    of_racing_zones_one_gets_the_host,
    racing_moves_leave_one_zone,
});

async fn created(store: &Store, env: &Env, zone: Option<&ZoneName>) -> Aggregate {
    let (id, name) = (AggregateId::generate(env), fresh(env, "aggregate"));
    let mut aggregate = Aggregate::new(id, name, env.now());
    aggregate.availability_zone = zone.cloned();
    store
        .aggregates()
        .aggregate_create(&aggregate)
        .await
        .unwrap();
    aggregate
}

async fn moved(store: &Store, id: AggregateId, zone: Option<&ZoneName>) -> Result<Aggregate> {
    let mut aggregate = store.aggregates().aggregate_get(id).await?;
    aggregate.availability_zone = zone.cloned();
    store.aggregates().aggregate_update(&aggregate).await
}

async fn zones_of(store: &Store, host: &HostName) -> usize {
    let aggregates = store.aggregates().aggregates_of_host(host).await.unwrap();
    let mut zones: Vec<ZoneName> = aggregates
        .into_iter()
        .filter_map(|aggregate| aggregate.availability_zone)
        .collect();
    zones.sort_unstable();
    zones.dedup();
    zones.len()
}

/// `aggregate_add_host` is `InUse` of the host if that is in another zone, which is compared to the
/// letter; aggregates without a zone and of the same one take it.
pub async fn a_host_is_not_added_to_a_second_zone(store: &Store, env: &Env) {
    let aggregates = store.aggregates();
    let east: ZoneName = fresh(env, "east");
    let upper: ZoneName = east.as_str().to_uppercase().parse().unwrap();
    let name = host(store, env, &[]).await;
    for zone in [None, Some(&east), Some(&east), None] {
        let id = created(store, env, zone).await.id;
        assert!(aggregates.aggregate_add_host(id, &name).await.unwrap());
    }
    let other = created(store, env, Some(&upper)).await;
    assert_fails!(
        aggregates.aggregate_add_host(other.id, &name).await,
        Error::InUse { kind: ObjectKind::Host, id, .. } if id == name.as_str()
    );
    assert_eq!(aggregates.aggregate_get(other.id).await.unwrap(), other);
    for aggregate in aggregates.aggregates_of_host(&name).await.unwrap() {
        aggregates
            .aggregate_remove_host(aggregate.id, &name)
            .await
            .unwrap();
    }
    assert!(
        aggregates
            .aggregate_add_host(other.id, &name)
            .await
            .unwrap()
    );
}

/// `aggregate_update` is `InUse` of the first host by name that is in another zone, and changes
/// nothing. An aggregate alone with its hosts moves.
pub async fn an_aggregate_is_not_moved_to_a_second_zone(store: &Store, env: &Env) {
    let aggregates = store.aggregates();
    let (east, west): (ZoneName, ZoneName) = (fresh(env, "east"), fresh(env, "west"));
    let mut hosts = Vec::new();
    for _ in 0..3 {
        hosts.push(host(store, env, &[]).await);
    }
    hosts.sort_unstable();
    let one = created(store, env, Some(&east)).await;
    let plain = created(store, env, None).await;
    for name in &hosts {
        aggregates.aggregate_add_host(plain.id, name).await.unwrap();
    }
    for name in &hosts[1..] {
        aggregates.aggregate_add_host(one.id, name).await.unwrap();
    }
    assert_fails!(
        moved(store, plain.id, Some(&west)).await,
        Error::InUse { kind: ObjectKind::Host, id, .. } if id == hosts[1].as_str()
    );
    let held = aggregates.aggregate_get(plain.id).await.unwrap();
    assert_eq!(
        (held.availability_zone, held.generation),
        (None, plain.generation)
    );
    // To the same zone, then both away from it in turn.
    moved(store, plain.id, Some(&east)).await.unwrap();
    let both = moved(store, one.id, Some(&west)).await;
    assert_fails!(
        both,
        Error::InUse {
            kind: ObjectKind::Host,
            ..
        }
    );
    moved(store, plain.id, None).await.unwrap();
    moved(store, one.id, Some(&west)).await.unwrap();
    moved(store, plain.id, Some(&west)).await.unwrap();
    for name in &hosts {
        assert_eq!(zones_of(store, name).await, 1);
    }
}

/// Of aggregates of different zones that take the same host at once, one gets it.
pub async fn of_racing_zones_one_gets_the_host(store: &Store, env: &Env) {
    let name = host(store, env, &[]).await;
    let mut aggregates = Vec::new();
    for _ in 0..8 {
        let zone: ZoneName = fresh(env, "zone");
        aggregates.push(created(store, env, Some(&zone)).await.id);
    }
    let results = at_once(8, |index| {
        let (store, id, name) = (store.clone(), aggregates[index], name.clone());
        async move { store.aggregates().aggregate_add_host(id, &name).await }
    })
    .await;
    let winners = successes(results, |error| matches!(error, Error::InUse { .. }));
    assert_eq!(winners, [true]);
    assert_eq!(zones_of(store, &name).await, 1);
}

/// Aggregates that share hosts and move to different zones at once, while hosts are added, leave
/// every host in at most one zone.
pub async fn racing_moves_leave_one_zone(store: &Store, env: &Env) {
    for _ in 0..3 {
        let mut hosts = Vec::new();
        for _ in 0..3 {
            hosts.push(host(store, env, &[]).await);
        }
        let mut aggregates = Vec::new();
        for _ in 0..3 {
            let id = created(store, env, None).await.id;
            for name in &hosts[..2] {
                store
                    .aggregates()
                    .aggregate_add_host(id, name)
                    .await
                    .unwrap();
            }
            aggregates.push((id, fresh::<ZoneName>(env, "zone")));
        }
        let results = at_once(6, |index| {
            let (store, last) = (store.clone(), hosts[2].clone());
            let (id, zone) = aggregates[index % 3].clone();
            async move {
                if index < 3 {
                    moved(&store, id, Some(&zone)).await.map(|_| ())
                } else {
                    let added = store.aggregates().aggregate_add_host(id, &last).await;
                    added.map(|_| ())
                }
            }
        })
        .await;
        let done = successes(results, |error| matches!(error, Error::InUse { .. }));
        assert!(!done.is_empty());
        for name in &hosts {
            assert!(zones_of(store, name).await <= 1, "{name} is in two zones");
        }
    }
}
