//! Claims against each other, against releases, against the removal of their host.

use super::cases::{Case, cases};
use super::fixture::{
    at_once, claim, claim_over, host, is_already_exists, is_no_capacity, successes, used, vcpus,
};
use crate::env::Env;
use crate::error::Error;
use crate::model::{Claim, ResourceClass, Resources};
use crate::repository::Store;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(claim_races {
    racing_claims_fill_a_host_exactly,
    racing_claims_over_two_hosts_stay_whole,
    an_equal_claim_that_races_counts_once,
    different_claims_of_one_consumer_exclude_each_other,
    racing_releases_give_back_once,
    claims_and_releases_leave_nothing_behind,
    a_host_is_not_deleted_under_a_claim,
    a_claim_that_nobody_waits_for_is_whole,
});

const VCPU: ResourceClass = ResourceClass::Vcpu;
const MEMORY: ResourceClass = ResourceClass::MemoryMb;

/// 64 tasks claim on one host: exactly as many succeed as fit, and the rest have `NoCapacity`.
pub async fn racing_claims_fill_a_host_exactly(store: &Store, env: &Env) {
    // 31 units of VCPU: ten claims of three. Memory would be enough for twelve.
    let name = host(store, env, &[(VCPU, 9, 1, 3.9), (MEMORY, 49, 0, 1.0)]).await;
    let results = at_once(64, |_| {
        let (store, wanted) = (store.clone(), claim(env, &name, vcpus(3).with(MEMORY, 4)));
        async move { store.allocations().claim(&wanted).await }
    })
    .await;
    assert_eq!(successes(results, is_no_capacity).len(), 10);
    assert_eq!(used(store, &name).await, (vcpus(30).with(MEMORY, 40), 10));
}

/// Tasks claim on two hosts at once, one of which fills first: no claim is held by half.
pub async fn racing_claims_over_two_hosts_stay_whole(store: &Store, env: &Env) {
    let wide = host(store, env, &[(VCPU, 64, 0, 1.0)]).await;
    let narrow = host(store, env, &[(VCPU, 7, 0, 1.0)]).await;
    let results = at_once(32, |_| {
        let wanted = claim_over(env, &[(&wide, vcpus(1)), (&narrow, vcpus(1))]);
        let store = store.clone();
        async move { store.allocations().claim(&wanted).await }
    })
    .await;
    assert_eq!(successes(results, is_no_capacity).len(), 7);
    assert_eq!(used(store, &wide).await, (vcpus(7), 7));
    assert_eq!(used(store, &narrow).await, (vcpus(7), 7));
}

/// The same claim from many tasks is granted to each and counted once.
pub async fn an_equal_claim_that_races_counts_once(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 64, 0, 1.0)]).await;
    let wanted = claim(env, &name, vcpus(4));
    let results = at_once(16, |_| {
        let (store, wanted) = (store.clone(), wanted.clone());
        async move { store.allocations().claim(&wanted).await }
    })
    .await;
    assert_eq!(successes(results, |_| false).len(), 16);
    assert_eq!(used(store, &name).await, (vcpus(4), 1));
}

/// Of different claims of one consumer, on the same host and on others, one is held.
pub async fn different_claims_of_one_consumer_exclude_each_other(store: &Store, env: &Env) {
    let hosts = [
        host(store, env, &[(VCPU, 64, 0, 1.0)]).await,
        host(store, env, &[(VCPU, 64, 0, 1.0)]).await,
    ];
    let first = claim(env, &hosts[0], vcpus(1));
    let consumer = first.consumer;
    let results = at_once(16, |index| {
        let amount = u64::try_from(index).unwrap() + 1;
        let wanted = Claim::on(
            consumer,
            first.request.clone(),
            hosts[index % 2].clone(),
            vcpus(amount),
        );
        let store = store.clone();
        async move { store.allocations().claim(&wanted).await.map(|()| wanted) }
    })
    .await;
    let winners = successes(results, is_already_exists);
    assert_eq!(
        winners.len(),
        1,
        "so many claims of one consumer were granted"
    );
    let held = store.allocations().allocations_of(consumer).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].resources, winners[0].resources[&held[0].host]);
    let servers = used(store, &hosts[0]).await.1 + used(store, &hosts[1]).await.1;
    assert_eq!(servers, 1);
}

/// Of many releases of one consumer exactly one gives back.
pub async fn racing_releases_give_back_once(store: &Store, env: &Env) {
    let name = host(store, env, &[(VCPU, 64, 0, 1.0)]).await;
    let (held, other) = (claim(env, &name, vcpus(4)), claim(env, &name, vcpus(8)));
    store.allocations().claim(&held).await.unwrap();
    store.allocations().claim(&other).await.unwrap();
    let results = at_once(16, |_| {
        let store = store.clone();
        async move { store.allocations().release(held.consumer, None).await }
    })
    .await;
    let given_back = successes(results, |_| false);
    assert_eq!(given_back.iter().filter(|held| **held).count(), 1);
    assert_eq!(used(store, &name).await, (vcpus(8), 1));
}

/// Tasks that claim and release over two hosts, each once in the way of the others, all come to
/// an end, never over-commit, and leave nothing behind.
pub async fn claims_and_releases_leave_nothing_behind(store: &Store, env: &Env) {
    let offers = [(VCPU, 4, 0, 1.0), (MEMORY, 16, 0, 1.0)];
    let hosts = [
        host(store, env, &offers).await,
        host(store, env, &offers).await,
    ];
    at_once(16, |index| {
        let (store, env, hosts) = (store.clone(), env.clone(), hosts.clone());
        async move {
            for round in 0..4 {
                let wanted = vcpus(1).with(MEMORY, 3);
                let wanted = if (index + round) % 3 == 0 {
                    claim_over(&env, &[(&hosts[0], wanted.clone()), (&hosts[1], wanted)])
                } else {
                    claim(&env, &hosts[(index + round) % 2], wanted)
                };
                match store.allocations().claim(&wanted).await {
                    Ok(()) => {
                        for host in wanted.resources.keys() {
                            let (used, _) = used_amounts(&store, host).await;
                            assert!(used <= 4, "{used} of 4 are used on {host}");
                        }
                        assert!(
                            store
                                .allocations()
                                .release(wanted.consumer, None)
                                .await
                                .unwrap()
                        );
                    }
                    Err(error) => assert!(is_no_capacity(&error), "failed with {error:?}"),
                }
            }
        }
    })
    .await;
    for host in &hosts {
        assert_eq!(used(store, host).await, (Resources::new(), 0));
    }
}

/// A host that is deleted while it is claimed on is either gone with no claim held, or there.
pub async fn a_host_is_not_deleted_under_a_claim(store: &Store, env: &Env) {
    for _ in 0..4 {
        let name = host(store, env, &[(VCPU, 64, 0, 1.0)]).await;
        let results = at_once(8, |index| {
            let (store, name) = (store.clone(), name.clone());
            let wanted = claim(env, &name, vcpus(1));
            async move {
                if index == 4 {
                    return store.hosts().host_delete(&name).await;
                }
                store.allocations().claim(&wanted).await.map(|()| false)
            }
        })
        .await;
        let fine = |error: &Error| error.is_not_found() || matches!(error, Error::InUse { .. });
        let deleted = successes(results, fine).contains(&true);
        let held = store.allocations().allocations_on(&name).await.unwrap();
        assert_eq!(deleted, store.hosts().host_get(&name).await.is_err());
        assert!(
            !deleted || held.is_empty(),
            "claims are held on a host that is gone"
        );
        if !deleted {
            used(store, &name).await;
        }
    }
}

/// Claims and releases whose callers go away are done or not done, never by half, and those who
/// come after are served.
pub async fn a_claim_that_nobody_waits_for_is_whole(store: &Store, env: &Env) {
    let offers = [(VCPU, 99, 0, 1.0), (MEMORY, 99, 0, 1.0)];
    let hosts = [
        host(store, env, &offers).await,
        host(store, env, &offers).await,
    ];
    let each = vcpus(1).with(MEMORY, 2);
    let over_both = || claim_over(env, &[(&hosts[0], each.clone()), (&hosts[1], each.clone())]);
    for patience in 0..24 {
        let (store_too, second, wanted) = (store.clone(), hosts[1].clone(), over_both());
        let consumer = wanted.consumer;
        let task = tokio::spawn(async move {
            store_too.allocations().claim(&wanted).await.unwrap();
            store_too
                .allocations()
                .release(consumer, Some(&second))
                .await
                .unwrap();
        });
        for _ in 0..patience {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert!(task.await.err().is_none_or(|error| error.is_cancelled()));

        // What the database was told before the caller went away is over when this is granted.
        let next = over_both();
        store.allocations().claim(&next).await.unwrap();
        assert!(
            store
                .allocations()
                .release(next.consumer, None)
                .await
                .unwrap()
        );
        let held = store.allocations().allocations_of(consumer).await.unwrap();
        assert!(
            held.iter().all(|allocation| allocation.resources == each),
            "{held:?}"
        );
        assert!(held.len() != 1 || held[0].host == hosts[0], "{held:?}");
        for host in &hosts {
            used(store, host).await;
        }
    }
}

/// The VCPU in use on a host, and by how many, in one picture.
async fn used_amounts(store: &Store, host: &crate::id::HostName) -> (u64, u64) {
    let usages = store.hosts().host_usages().await.unwrap();
    let usage = usages
        .iter()
        .find(|usage| usage.host.name() == host)
        .unwrap();
    (usage.used.get(&VCPU), usage.servers)
}
