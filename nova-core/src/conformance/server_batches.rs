//! Servers that are created together, with what is claimed for them.

use super::cases::{Case, cases};
use super::fixture::{
    assert_fails, at_once, claim, fresh, host, is_already_exists, server_in, successes, used, vcpus,
};
use crate::env::Env;
use crate::error::{Error, ObjectKind};
use crate::id::{HostName, MigrationId, ProjectId, RequestId};
use crate::model::{Claim, ResourceClass, Resources, Server};
use crate::repository::{ServerBatch, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(server_batches {
    a_batch_is_created_and_held,
    a_thousand_are_created_in_one_call,
    a_batch_that_makes_no_sense_is_invalid,
    a_claim_that_does_not_fit_undoes_the_batch,
    the_sum_of_the_claims_must_fit,
    a_claim_that_is_held_already_is_granted,
    a_consumer_that_holds_something_else_undoes_the_batch,
    racing_batches_are_whole,
    one_batch_in_two_orders_is_created_once,
});

const VCPU: ResourceClass = ResourceClass::Vcpu;

fn servers(env: &Env, project: &ProjectId, count: usize) -> Vec<Server> {
    (0..count).map(|_| server_in(env, project)).collect()
}

fn claim_for(env: &Env, server: &Server, host: &HostName, wanted: Resources) -> Claim {
    Claim::on(server.id, RequestId::generate(env), host.clone(), wanted)
}

async fn count(store: &Store, servers: &[Server]) -> usize {
    let mut count = 0;
    for server in servers {
        match store.servers().server_get(server.id).await {
            Ok(found) => {
                assert_eq!(found, *server);
                count += 1;
            }
            Err(error) => assert!(error.is_not_found(), "{error:?}"),
        }
    }
    count
}

/// Every server of the batch reads back, and holds what was claimed for it.
pub async fn a_batch_is_created_and_held(store: &Store, env: &Env) {
    let servers = servers(env, &fresh(env, "project"), 5);
    let hosts = [
        host(store, env, &[(VCPU, 4, 0, 1.0)]).await,
        host(store, env, &[(VCPU, 4, 0, 1.0)]).await,
    ];
    let claims: Vec<Claim> = servers[..4]
        .iter()
        .enumerate()
        .map(|(index, server)| claim_for(env, server, &hosts[index % 2], vcpus(2)))
        .collect();
    let batch = ServerBatch::of(servers.clone()).with_claims(claims.clone());
    store.servers().server_create_batch(&batch).await.unwrap();
    assert_eq!(count(store, &servers).await, 5);
    for host in &hosts {
        assert_eq!(used(store, host).await, (vcpus(4), 2));
    }
    for claim in &claims {
        store.allocations().claim(claim).await.unwrap();
    }
    assert_eq!(used(store, &hosts[0]).await, (vcpus(4), 2));
}

/// As many as fit into a batch are created and held on many hosts.
pub async fn a_thousand_are_created_in_one_call(store: &Store, env: &Env) {
    let servers = servers(env, &fresh(env, "project"), ServerBatch::MAX);
    let mut hosts = Vec::new();
    for _ in 0..40 {
        hosts.push(host(store, env, &[(VCPU, 50, 0, 1.0)]).await);
    }
    let claims = servers
        .iter()
        .enumerate()
        .map(|(index, server)| claim_for(env, server, &hosts[index % 40], vcpus(2)));
    let batch = ServerBatch::of(servers.clone()).with_claims(claims);
    store.servers().server_create_batch(&batch).await.unwrap();
    for host in &hosts {
        assert_eq!(used(store, host).await, (vcpus(50), 25));
    }
    assert_eq!(count(store, &servers[990..]).await, 10);
}

/// An empty batch, one that is too large, and claims that are not for its servers are `Invalid`.
pub async fn a_batch_that_makes_no_sense_is_invalid(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let name = host(store, env, &[(VCPU, 4, 0, 1.0)]).await;
    let one = server_in(env, &project);
    let of = |claims: Vec<Claim>| ServerBatch::of([one.clone()]).with_claims(claims);
    let mine = claim_for(env, &one, &name, vcpus(1));
    let migration = MigrationId::from_uuid(*one.id.as_uuid());
    for batch in [
        ServerBatch::default(),
        ServerBatch::of(servers(env, &project, ServerBatch::MAX + 1)),
        ServerBatch::of([one.clone(), one.clone()]),
        of(vec![claim(env, &name, vcpus(1))]),
        of(vec![mine.clone(), mine.clone()]),
        of(vec![Claim {
            resources: [].into(),
            ..mine.clone()
        }]),
        of(vec![Claim {
            consumer: migration.into(),
            ..mine.clone()
        }]),
    ] {
        assert_fails!(
            store.servers().server_create_batch(&batch).await,
            Error::Invalid { .. }
        );
    }
    assert_eq!(count(store, std::slice::from_ref(&one)).await, 0);
    assert_eq!(used(store, &name).await, (Resources::new(), 0));
}

/// A claim that is short, or on a host that is not there, leaves no server and no claim.
pub async fn a_claim_that_does_not_fit_undoes_the_batch(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let servers = servers(env, &project, 2);
    let name = host(store, env, &[(VCPU, 4, 0, 1.0)]).await;
    let missing: HostName = fresh(env, "zzz");
    let first = claim_for(env, &servers[0], &name, vcpus(1));
    for (second, is_expected) in [
        (
            claim_for(
                env,
                &servers[1],
                &name,
                vcpus(1).with(ResourceClass::Vgpu, 1),
            ),
            (|error| {
                matches!(
                    error,
                    Error::NoCapacity {
                        class: ResourceClass::Vgpu,
                        requested: 1,
                        available: 0,
                        ..
                    }
                )
            }) as fn(&Error) -> bool,
        ),
        (claim_for(env, &servers[1], &missing, vcpus(1)), |error| {
            matches!(
                error,
                Error::NotFound {
                    kind: ObjectKind::Host,
                    ..
                }
            )
        }),
    ] {
        let batch = ServerBatch::of(servers.clone()).with_claims([first.clone(), second]);
        let error = store
            .servers()
            .server_create_batch(&batch)
            .await
            .unwrap_err();
        assert!(is_expected(&error), "{error:?}");
        assert_eq!(count(store, &servers).await, 0);
        assert_eq!(used(store, &name).await, (Resources::new(), 0));
        let quotas = store.quotas().quotas_of(&project).await.unwrap();
        assert!(quotas.iter().all(|quota| quota.used == 0), "{quotas:?}");
    }
}

/// Claims that would each fit alone are refused if their sum does not.
pub async fn the_sum_of_the_claims_must_fit(store: &Store, env: &Env) {
    let servers = servers(env, &fresh(env, "project"), 3);
    let name = host(store, env, &[(VCPU, 8, 0, 1.0)]).await;
    let claims = servers
        .iter()
        .map(|server| claim_for(env, server, &name, vcpus(3)));
    let batch = ServerBatch::of(servers.clone()).with_claims(claims);
    assert_fails!(
        store.servers().server_create_batch(&batch).await,
        Error::NoCapacity {
            requested: 9,
            available: 8,
            ..
        }
    );
    assert_eq!(count(store, &servers).await, 0);
}

/// A claim that was granted before the batch is not counted twice.
pub async fn a_claim_that_is_held_already_is_granted(store: &Store, env: &Env) {
    let servers = servers(env, &fresh(env, "project"), 2);
    let name = host(store, env, &[(VCPU, 4, 0, 1.0)]).await;
    let claims: Vec<Claim> = servers
        .iter()
        .map(|server| claim_for(env, server, &name, vcpus(2)))
        .collect();
    store.allocations().claim(&claims[1]).await.unwrap();
    let batch = ServerBatch::of(servers.clone()).with_claims(claims);
    store.servers().server_create_batch(&batch).await.unwrap();
    assert_eq!(count(store, &servers).await, 2);
    assert_eq!(used(store, &name).await, (vcpus(4), 2));
}

/// A server's id that holds something else refuses the batch.
pub async fn a_consumer_that_holds_something_else_undoes_the_batch(store: &Store, env: &Env) {
    let servers = servers(env, &fresh(env, "project"), 2);
    let name = host(store, env, &[(VCPU, 8, 0, 1.0)]).await;
    let before = claim_for(env, &servers[1], &name, vcpus(1));
    store.allocations().claim(&before).await.unwrap();
    let claims = servers
        .iter()
        .map(|server| claim_for(env, server, &name, vcpus(2)));
    let batch = ServerBatch::of(servers.clone()).with_claims(claims);
    assert_fails!(
        store.servers().server_create_batch(&batch).await,
        Error::AlreadyExists { kind: ObjectKind::Allocation, id } if id == servers[1].id.to_string()
    );
    assert_eq!(count(store, &servers).await, 0);
    assert_eq!(used(store, &name).await, (vcpus(1), 1));
}

/// Batches that race for two hosts, one smaller than the other, are held whole or not at all.
pub async fn racing_batches_are_whole(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let hosts = [
        host(store, env, &[(VCPU, 100, 0, 1.0)]).await,
        host(store, env, &[(VCPU, 11, 0, 1.0)]).await,
    ];
    let batches: Vec<ServerBatch> = (0..12)
        .map(|_| {
            let servers = servers(env, &project, 4);
            let claims: Vec<Claim> = servers
                .iter()
                .enumerate()
                .map(|(index, server)| claim_for(env, server, &hosts[index % 2], vcpus(1)))
                .collect();
            ServerBatch::of(servers).with_claims(claims)
        })
        .collect();
    let results = at_once(12, |index| {
        let (store, batch) = (store.clone(), batches[index].clone());
        async move {
            let created = store.servers().server_create_batch(&batch).await;
            let there = count(&store, &batch.servers).await;
            assert_eq!(there, if created.is_ok() { 4 } else { 0 });
            created
        }
    })
    .await;
    let full = |error: &Error| matches!(error, Error::NoCapacity { .. });
    assert_eq!(successes(results, full).len(), 5);
    assert_eq!(used(store, &hosts[0]).await, (vcpus(10), 10));
    assert_eq!(used(store, &hosts[1]).await, (vcpus(10), 10));
}

/// The same batch from several callers, in one order and in the other: one creates it, and the rest
/// are told that it is there.
pub async fn one_batch_in_two_orders_is_created_once(store: &Store, env: &Env) {
    let servers = servers(env, &fresh(env, "project"), 60);
    let results = at_once(4, |index| {
        let (store, mut servers) = (store.clone(), servers.clone());
        if index % 2 == 1 {
            servers.reverse();
        }
        async move {
            let batch = ServerBatch::of(servers);
            store.servers().server_create_batch(&batch).await
        }
    })
    .await;
    assert_eq!(successes(results, is_already_exists).len(), 1);
    assert_eq!(count(store, &servers).await, 60);
}
