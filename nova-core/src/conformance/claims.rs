//! Claims one by one.

use std::collections::BTreeMap;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, claim, claim_over, fresh, host, used, vcpus};
use crate::env::Env;
use crate::error::{Error, ObjectKind};
use crate::id::{HostName, RequestId, ServerId};
use crate::model::{Allocation, Claim, Consumer, Inventory, ResourceClass, Resources};
use crate::repository::{MAX_CLAIMED, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(claims {
    a_claim_is_held_and_counted,
    ratio_and_reserve_bound_a_claim,
    a_claim_is_all_or_nothing_over_classes,
    a_claim_is_all_or_nothing_over_hosts,
    the_first_failure_in_order_is_reported,
    an_equal_claim_is_granted_again,
    an_equal_claim_of_another_request_is_refused,
    another_claim_of_the_holder_is_refused,
    an_unknown_host_is_not_found,
    an_empty_claim_is_invalid,
    a_claim_is_bounded,
    a_class_that_is_not_offered_has_nothing_left,
    huge_amounts_do_not_overflow,
    release_gives_back_once,
    release_on_one_host_leaves_the_others,
});

const VCPU: ResourceClass = ResourceClass::Vcpu;
const MEMORY: ResourceClass = ResourceClass::MemoryMb;
const DISK: ResourceClass = ResourceClass::DiskGb;

/// What is claimed is held by its consumer, on its host, and counted in the usage.
pub async fn a_claim_is_held_and_counted(store: &Store, env: &Env) {
    let offers = [(VCPU, 8, 0, 1.0), (MEMORY, 4096, 0, 1.0)];
    let mut hosts = [
        host(store, env, &offers).await,
        host(store, env, &offers).await,
    ];
    hosts.sort_unstable();
    let wanted = [vcpus(2).with(MEMORY, 1024), vcpus(1)];
    let held = claim_over(
        env,
        &[
            (&hosts[0], wanted[0].clone()),
            (&hosts[1], wanted[1].clone()),
        ],
    );
    store.allocations().claim(&held).await.unwrap();
    let expected: Vec<Allocation> = hosts
        .iter()
        .zip(&wanted)
        .map(|(host, resources)| Allocation {
            consumer: held.consumer,
            host: host.clone(),
            resources: resources.clone(),
        })
        .collect();
    assert_eq!(
        store
            .allocations()
            .allocations_of(held.consumer)
            .await
            .unwrap(),
        expected
    );
    for (host, expected) in hosts.iter().zip(&expected) {
        assert_eq!(
            store.allocations().allocations_on(host).await.unwrap(),
            std::slice::from_ref(expected)
        );
        assert_eq!(used(store, host).await, (expected.resources.clone(), 1));
    }

    let mut consumers = vec![held.consumer];
    for _ in 0..4 {
        let other = claim(env, &hosts[0], vcpus(1));
        store.allocations().claim(&other).await.unwrap();
        consumers.push(other.consumer);
    }
    consumers.sort_unstable();
    let on: Vec<Consumer> = store
        .allocations()
        .allocations_on(&hosts[0])
        .await
        .unwrap()
        .iter()
        .map(|allocation| allocation.consumer)
        .collect();
    assert_eq!(on, consumers, "by consumer");
    let none = store
        .allocations()
        .allocations_of(ServerId::generate(env).into())
        .await
        .unwrap();
    assert_eq!(none, []);
}

/// (total − reserved) × ratio, rounded down, may be claimed, and not one unit more; one claim may
/// be larger than the total.
pub async fn ratio_and_reserve_bound_a_claim(store: &Store, env: &Env) {
    let offers = [
        (8, 0, 1.0),
        (8, 2, 1.0),
        (8, 0, 4.0),
        (10, 1, 1.5),
        (3, 1, 0.9),
        (4, 4, 16.0),
        (0, 0, 1.0),
    ];
    for (total, reserved, ratio) in offers {
        let capacity = Inventory::new(total, reserved, ratio).unwrap().capacity();
        let name = host(store, env, &[(VCPU, total, reserved, ratio)]).await;
        assert_fails!(
            store.allocations().claim(&claim(env, &name, vcpus(capacity + 1))).await,
            Error::NoCapacity { host, class: ResourceClass::Vcpu, requested, available }
                if host == name.as_str() && requested == capacity + 1 && available == capacity
        );
        if capacity > 0 {
            store
                .allocations()
                .claim(&claim(env, &name, vcpus(capacity)))
                .await
                .unwrap();
        }
        assert_fails!(
            store
                .allocations()
                .claim(&claim(env, &name, vcpus(1)))
                .await,
            Error::NoCapacity {
                requested: 1,
                available: 0,
                ..
            }
        );
        assert_eq!(used(store, &name).await.0, vcpus(capacity));
    }
}

/// Where one class is short, none is held; the first in the order of classes is reported.
pub async fn a_claim_is_all_or_nothing_over_classes(store: &Store, env: &Env) {
    let name = host(
        store,
        env,
        &[(VCPU, 8, 0, 1.0), (MEMORY, 100, 0, 1.0), (DISK, 10, 0, 1.0)],
    )
    .await;
    let wanted = claim(env, &name, vcpus(8).with(MEMORY, 101).with(DISK, 11));
    assert_fails!(
        store.allocations().claim(&wanted).await,
        Error::NoCapacity {
            class: ResourceClass::MemoryMb,
            requested: 101,
            available: 100,
            ..
        }
    );
    assert_eq!(used(store, &name).await, (Resources::new(), 0));
    assert_eq!(
        store
            .allocations()
            .allocations_of(wanted.consumer)
            .await
            .unwrap(),
        []
    );
    store
        .allocations()
        .claim(&claim(env, &name, vcpus(8).with(MEMORY, 100)))
        .await
        .unwrap();
}

/// Where one host is short, none is held.
pub async fn a_claim_is_all_or_nothing_over_hosts(store: &Store, env: &Env) {
    let mut hosts = Vec::new();
    for _ in 0..3 {
        hosts.push(host(store, env, &[(VCPU, 4, 0, 1.0)]).await);
    }
    hosts.sort_unstable();
    for short in 0..3 {
        let mut wanted = claim_over(
            env,
            &hosts
                .iter()
                .map(|host| (host, vcpus(2)))
                .collect::<Vec<_>>(),
        );
        wanted.resources.insert(hosts[short].clone(), vcpus(5));
        assert_fails!(
            store.allocations().claim(&wanted).await,
            Error::NoCapacity { host, requested: 5, available: 4, .. } if host == hosts[short].as_str()
        );
        for host in &hosts {
            assert_eq!(used(store, host).await, (Resources::new(), 0));
        }
    }
}

/// Of several hosts that fail, the first by name is reported, be it short or not there.
pub async fn the_first_failure_in_order_is_reported(store: &Store, env: &Env) {
    let tail = env.uuid().simple().to_string();
    let name = |head: &str| -> HostName { format!("{head}-{tail}").parse().unwrap() };
    let short = name("b");
    let report = super::fixture::report(&short, &[(VCPU, 1, 0, 1.0)]);
    store.hosts().host_report(&report, env.now()).await.unwrap();
    let (before, after) = (name("a"), name("c"));
    assert_fails!(
        store.allocations().claim(&claim_over(env, &[(&before, vcpus(1)), (&short, vcpus(2))])).await,
        Error::NotFound { kind: ObjectKind::Host, id } if id == before.as_str()
    );
    assert_fails!(
        store.allocations().claim(&claim_over(env, &[(&after, vcpus(1)), (&short, vcpus(2))])).await,
        Error::NoCapacity { host, .. } if host == short.as_str()
    );
}

/// The claim that the consumer holds already is granted again without effect.
pub async fn an_equal_claim_is_granted_again(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 4, 0, 1.0)]).await;
    let held = claim(env, &name, vcpus(3));
    for _ in 0..3 {
        store.allocations().claim(&held).await.unwrap();
        assert_eq!(used(store, &name).await, (vcpus(3), 1));
    }
}

/// What the consumer holds already is refused to another request, be it equal to the letter.
pub async fn an_equal_claim_of_another_request_is_refused(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 4, 0, 1.0)]).await;
    let held = claim(env, &name, vcpus(1));
    store.allocations().claim(&held).await.unwrap();
    let other = Claim {
        request: RequestId::generate(env),
        ..held.clone()
    };
    assert_fails!(
        store.allocations().claim(&other).await,
        Error::AlreadyExists { kind: ObjectKind::Allocation, id } if id == held.consumer.to_string()
    );
    assert_eq!(used(store, &name).await, (vcpus(1), 1));
    store
        .allocations()
        .release(held.consumer, None)
        .await
        .unwrap();
    store.allocations().claim(&other).await.unwrap();
}

/// A claim of a consumer that holds something else is refused, whether it is less, more, on
/// another host, or could not be granted anyway.
pub async fn another_claim_of_the_holder_is_refused(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 8, 0, 1.0), (MEMORY, 64, 0, 1.0)]).await;
    let other = host(store, env, &[(VCPU, 8, 0, 1.0)]).await;
    let held = claim(env, &name, vcpus(2).with(MEMORY, 2));
    store.allocations().claim(&held).await.unwrap();
    let one = |host: &HostName, resources| BTreeMap::from([(host.clone(), resources)]);
    let mut both = held.resources.clone();
    both.insert(other.clone(), vcpus(1));
    for resources in [
        one(&name, vcpus(2)),
        one(&name, vcpus(3).with(MEMORY, 2)),
        one(&name, vcpus(2).with(MEMORY, 2).with(DISK, 1)),
        one(&name, vcpus(1000)),
        one(&other, vcpus(2).with(MEMORY, 2)),
        one(&fresh(env, "host"), vcpus(1)),
        both,
    ] {
        assert_fails!(
            store.allocations().claim(&Claim { resources, ..held.clone() }).await,
            Error::AlreadyExists { kind: ObjectKind::Allocation, id } if id == held.consumer.to_string()
        );
    }
    assert_eq!(used(store, &name).await, (held.resources[&name].clone(), 1));
    assert_eq!(used(store, &other).await, (Resources::new(), 0));
}

/// A claim on a host that is not there is `NotFound`, and holds nothing on the others.
pub async fn an_unknown_host_is_not_found(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 4, 0, 1.0)]).await;
    let missing: HostName = fresh(env, "zzz");
    let wanted = claim_over(env, &[(&name, vcpus(1)), (&missing, vcpus(1))]);
    assert_fails!(
        store.allocations().claim(&wanted).await,
        Error::NotFound { kind: ObjectKind::Host, id } if id == missing.as_str()
    );
    assert_eq!(used(store, &name).await, (Resources::new(), 0));
}

/// A claim that names no host, or asks for nothing on one, is `Invalid`.
pub async fn an_empty_claim_is_invalid(store: &Store, env: &Env) {
    let (one, two) = (
        host(store, env, &[(VCPU, 4, 0, 1.0)]).await,
        host(store, env, &[(VCPU, 4, 0, 1.0)]).await,
    );
    for wanted in [
        claim_over(env, &[]),
        claim_over(env, &[(&one, Resources::new())]),
        claim_over(env, &[(&one, vcpus(1)), (&two, Resources::new())]),
        claim_over(env, &[(&fresh(env, "host"), Resources::new())]),
    ] {
        assert_fails!(
            store.allocations().claim(&wanted).await,
            Error::Invalid { .. }
        );
    }
    assert_eq!(used(store, &one).await, (Resources::new(), 0));
}

/// A claim over more hosts, or more classes on one, than a claim may name is `Invalid`.
pub async fn a_claim_is_bounded(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 4, 0, 1.0)]).await;
    let class = |index: usize| -> ResourceClass { format!("CUSTOM_{index}").parse().unwrap() };
    let many: Resources = (0..=MAX_CLAIMED).map(|index| (class(index), 1)).collect();
    let hosts: Vec<HostName> = (0..=MAX_CLAIMED).map(|_| fresh(env, "host")).collect();
    let everywhere: Vec<_> = hosts.iter().map(|host| (host, vcpus(1))).collect();
    for wanted in [claim(env, &name, many), claim_over(env, &everywhere)] {
        assert_fails!(
            store.allocations().claim(&wanted).await,
            Error::Invalid { .. }
        );
    }
    let most: Resources = (1..MAX_CLAIMED).map(|index| (class(index), 1)).collect();
    assert_fails!(
        store
            .allocations()
            .claim(&claim(env, &name, most.with(VCPU, 1)))
            .await,
        Error::NoCapacity { available: 0, .. }
    );
    assert_eq!(used(store, &name).await, (Resources::new(), 0));
}

/// Of a class that a host does not offer, nothing is left; nothing is held then.
pub async fn a_class_that_is_not_offered_has_nothing_left(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 4, 0, 1.0)]).await;
    let custom: ResourceClass = "CUSTOM_FPGA_2".parse().unwrap();
    assert_fails!(
        store.allocations().claim(&claim(env, &name, vcpus(1).with(custom.clone(), 1))).await,
        Error::NoCapacity { class, requested: 1, available: 0, .. } if class == custom
    );
    assert_eq!(used(store, &name).await, (Resources::new(), 0));
}

/// Amounts beyond what any host can offer are short, whatever is used already.
pub async fn huge_amounts_do_not_overflow(store: &Store, env: &Env) {
    let most = Inventory::MAX_TOTAL;
    let name = host(store, env, &[(VCPU, most, 0, 1.0)]).await;
    store
        .allocations()
        .claim(&claim(env, &name, vcpus(most - 1)))
        .await
        .unwrap();
    for huge in [2, most, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        assert_fails!(
            store.allocations().claim(&claim(env, &name, vcpus(huge))).await,
            Error::NoCapacity { requested, available: 1, .. } if requested == huge
        );
    }
    store
        .allocations()
        .claim(&claim(env, &name, vcpus(1)))
        .await
        .unwrap();
    assert_eq!(used(store, &name).await, (vcpus(most), 2));
}

/// `release` gives back what is held and returns `true`; a second time it returns `false` and
/// changes nothing. The consumer may claim anew.
pub async fn release_gives_back_once(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 4, 0, 1.0)]).await;
    let (held, other) = (claim(env, &name, vcpus(2)), claim(env, &name, vcpus(1)));
    store.allocations().claim(&held).await.unwrap();
    store.allocations().claim(&other).await.unwrap();
    assert!(
        store
            .allocations()
            .release(held.consumer, None)
            .await
            .unwrap()
    );
    for host in [None, Some(&name), Some(&fresh(env, "host"))] {
        assert!(
            !store
                .allocations()
                .release(held.consumer, host)
                .await
                .unwrap()
        );
    }
    assert_eq!(used(store, &name).await, (vcpus(1), 1));
    let anew = Claim {
        resources: BTreeMap::from([(name.clone(), vcpus(3))]),
        ..held
    };
    store.allocations().claim(&anew).await.unwrap();
    assert_eq!(used(store, &name).await, (vcpus(4), 2));
    assert!(
        !store
            .allocations()
            .release(ServerId::generate(env).into(), None)
            .await
            .unwrap()
    );
}

/// `release` on one host leaves what the consumer holds on others; then those alone are its claim.
pub async fn release_on_one_host_leaves_the_others(store: &Store, env: &Env) {
    let (one, two) = (
        host(store, env, &[(VCPU, 4, 0, 1.0)]).await,
        host(store, env, &[(VCPU, 4, 0, 1.0)]).await,
    );
    let held = claim_over(env, &[(&one, vcpus(2)), (&two, vcpus(3))]);
    store.allocations().claim(&held).await.unwrap();
    assert!(
        !store
            .allocations()
            .release(held.consumer, Some(&fresh(env, "host")))
            .await
            .unwrap()
    );
    assert!(
        store
            .allocations()
            .release(held.consumer, Some(&one))
            .await
            .unwrap()
    );
    assert!(
        !store
            .allocations()
            .release(held.consumer, Some(&one))
            .await
            .unwrap()
    );
    assert_eq!(used(store, &one).await, (Resources::new(), 0));
    assert_eq!(used(store, &two).await, (vcpus(3), 1));
    assert_fails!(
        store.allocations().claim(&held).await,
        Error::AlreadyExists { .. }
    );
    let rest = Claim::on(held.consumer, held.request.clone(), two.clone(), vcpus(3));
    store.allocations().claim(&rest).await.unwrap();
    assert!(
        store
            .allocations()
            .release(held.consumer, None)
            .await
            .unwrap()
    );
    assert_eq!(used(store, &two).await, (Resources::new(), 0));
}
