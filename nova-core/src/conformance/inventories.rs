//! What hosts offer, and how claims outlast it.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, claim, host, report, used, vcpus};
use crate::env::Env;
use crate::error::Error;
use crate::model::{ResourceClass, Resources};
use crate::repository::Store;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(inventories {
    a_report_replaces_the_offer,
    a_shrunk_host_keeps_its_claims,
    a_class_no_longer_offered_stays_held,
    nothing_offered_is_not_the_same_as_not_offered,
    reports_do_not_lose_claims,
});

const VCPU: ResourceClass = ResourceClass::Vcpu;
const MEMORY: ResourceClass = ResourceClass::MemoryMb;

/// A report replaces the offer whole: amounts change, classes come and go.
pub async fn a_report_replaces_the_offer(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 1, 0, 1.0), (MEMORY, 64, 0, 1.0)]).await;
    let custom: ResourceClass = "CUSTOM_GOLD".parse().unwrap();
    let next = report(&name, &[(VCPU, 4, 1, 2.0), (custom.clone(), 3, 0, 1.0)]);
    let host = store.hosts().host_report(&next, env.now()).await.unwrap();
    assert_eq!(host.report.inventories, next.inventories);
    assert_eq!(store.hosts().host_get(&name).await.unwrap().report, next);

    let wanted = vcpus(6).with(custom, 3);
    store
        .allocations()
        .claim(&claim(env, &name, wanted.clone()))
        .await
        .unwrap();
    assert_eq!(used(store, &name).await, (wanted, 1));
    let memory = claim(env, &name, Resources::new().with(MEMORY, 1));
    assert_fails!(
        store.allocations().claim(&memory).await,
        Error::NoCapacity {
            class: ResourceClass::MemoryMb,
            available: 0,
            ..
        }
    );
}

/// A host that offers less than is claimed keeps its claims; nothing more fits until they shrank.
pub async fn a_shrunk_host_keeps_its_claims(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 8, 0, 1.0)]).await;
    let large = claim(env, &name, vcpus(5));
    store.allocations().claim(&large).await.unwrap();
    store
        .allocations()
        .claim(&claim(env, &name, vcpus(1)))
        .await
        .unwrap();
    store
        .hosts()
        .host_report(&report(&name, &[(VCPU, 4, 0, 1.0)]), env.now())
        .await
        .unwrap();
    assert_eq!(used(store, &name).await, (vcpus(6), 2));
    let one_more = claim(env, &name, vcpus(1));
    assert_fails!(
        store.allocations().claim(&one_more).await,
        Error::NoCapacity {
            requested: 1,
            available: 0,
            ..
        }
    );
    // What is held already is still granted again.
    store.allocations().claim(&large).await.unwrap();
    assert!(
        store
            .allocations()
            .release(large.consumer, None)
            .await
            .unwrap()
    );
    store.allocations().claim(&one_more).await.unwrap();
    assert_eq!(used(store, &name).await, (vcpus(2), 2));
}

/// A class that is no longer offered leaves the report but stays held until it is released; when
/// it is offered again, what is held counts.
pub async fn a_class_no_longer_offered_stays_held(store: &Store, env: &Env) {
    let both = [(VCPU, 8, 0, 1.0), (MEMORY, 64, 0, 1.0)];
    let name = host(store, env, &both).await;
    let wanted = vcpus(2).with(MEMORY, 60);
    let held = claim(env, &name, wanted.clone());
    store.allocations().claim(&held).await.unwrap();

    let less = report(&name, &both[..1]);
    let reported = store.hosts().host_report(&less, env.now()).await.unwrap();
    assert_eq!(reported.report, less);
    assert_eq!(store.hosts().host_get(&name).await.unwrap().report, less);
    assert_eq!(used(store, &name).await, (wanted.clone(), 1));
    let memory = claim(env, &name, Resources::new().with(MEMORY, 5));
    assert_fails!(
        store.allocations().claim(&memory).await,
        Error::NoCapacity { available: 0, .. }
    );

    store
        .hosts()
        .host_report(&report(&name, &both), env.now())
        .await
        .unwrap();
    assert_eq!(used(store, &name).await, (wanted, 1));
    assert_fails!(
        store.allocations().claim(&memory).await,
        Error::NoCapacity { available: 4, .. }
    );

    store.hosts().host_report(&less, env.now()).await.unwrap();
    assert!(
        store
            .allocations()
            .release(held.consumer, None)
            .await
            .unwrap()
    );
    assert_eq!(used(store, &name).await, (Resources::new(), 0));
    assert_eq!(store.hosts().host_get(&name).await.unwrap().report, less);
    store
        .hosts()
        .host_report(&report(&name, &both), env.now())
        .await
        .unwrap();
    store.allocations().claim(&memory).await.unwrap();
    assert_eq!(
        used(store, &name).await,
        (memory.resources[&name].clone(), 1)
    );
}

/// An inventory of nothing is part of the report, unlike none.
pub async fn nothing_offered_is_not_the_same_as_not_offered(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 8, 0, 1.0)]).await;
    let held = claim(env, &name, vcpus(1));
    store.allocations().claim(&held).await.unwrap();
    for offers in [&[(VCPU, 0, 0, 1.0)][..], &[(VCPU, 8, 8, 2.0)], &[]] {
        let report = report(&name, offers);
        store.hosts().host_report(&report, env.now()).await.unwrap();
        assert_eq!(store.hosts().host_get(&name).await.unwrap().report, report);
        assert_eq!(used(store, &name).await, (vcpus(1), 1));
    }
}

/// Claims and reports that race leave both whole.
pub async fn reports_do_not_lose_claims(store: &Store, env: &Env) {
    let offers = [(VCPU, 64, 0, 1.0), (MEMORY, 64, 0, 1.0)];
    let name = host(store, env, &offers).await;
    at_once(12, |index| {
        let (store, env, name, offers) = (store.clone(), env.clone(), name.clone(), offers.clone());
        async move {
            for round in 0..4 {
                if index < 8 {
                    let held = claim(&env, &name, vcpus(1).with(MEMORY, 2));
                    store.allocations().claim(&held).await.unwrap();
                    if round % 2 == 1 {
                        assert!(
                            store
                                .allocations()
                                .release(held.consumer, None)
                                .await
                                .unwrap()
                        );
                    }
                } else {
                    store
                        .hosts()
                        .host_report(&report(&name, &offers), env.now())
                        .await
                        .unwrap();
                }
            }
        }
    })
    .await;
    assert_eq!(used(store, &name).await, (vcpus(16).with(MEMORY, 32), 16));
}
