//! Moves of claims: a server goes to another host, and its migration keeps what it leaves.

use super::cases::{Case, cases};
use super::fixture::{
    assert_fails, at_once, claim, fresh, host, is_no_capacity, successes, used, vcpus,
};
use crate::env::Env;
use crate::error::{Error, ObjectKind};
use crate::id::{HostName, MigrationId, RequestId, ServerId};
use crate::model::{Claim, ClaimMove, Consumer, ResourceClass, Resources};
use crate::repository::Store;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(claim_moves {
    a_move_holds_source_and_destination,
    a_confirmed_move_frees_the_source,
    a_move_that_is_taken_back_frees_the_destination,
    a_move_on_one_host_holds_both_sizes,
    a_move_that_does_not_fit_changes_nothing,
    the_same_move_is_granted_again,
    another_move_of_a_migration_is_refused,
    who_holds_nothing_does_not_move,
    a_move_is_taken_back_once_and_by_its_server,
    a_move_is_taken_back_when_the_server_holds_nothing,
    a_migration_is_not_its_server,
    racing_moves_fill_a_host_exactly,
    moves_and_ways_back_leave_nothing_behind,
});

const VCPU: ResourceClass = ResourceClass::Vcpu;

/// A server that holds two units of `VCPU` on the first of two hosts with four each.
struct Moving {
    hosts: [HostName; 2],
    claim: Claim,
    server: ServerId,
    migration: MigrationId,
}

impl Moving {
    async fn new(store: &Store, env: &Env) -> Self {
        let hosts = [
            host(store, env, &[(VCPU, 4, 0, 1.0)]).await,
            host(store, env, &[(VCPU, 4, 0, 1.0)]).await,
        ];
        let server = ServerId::generate(env);
        let claim = Claim::on(server, RequestId::generate(env), hosts[0].clone(), vcpus(2));
        store.allocations().claim(&claim).await.unwrap();
        Self {
            hosts,
            claim,
            server,
            migration: MigrationId::generate(env),
        }
    }

    fn to(&self, env: &Env, host: &HostName, wanted: Resources) -> ClaimMove {
        let request = RequestId::generate(env);
        ClaimMove::to(self.server, self.migration, request, host.clone(), wanted)
    }

    async fn used(&self, store: &Store) -> [(Resources, u64); 2] {
        [
            used(store, &self.hosts[0]).await,
            used(store, &self.hosts[1]).await,
        ]
    }
}

async fn held(store: &Store, consumer: impl Into<Consumer>) -> Vec<(HostName, Resources)> {
    let consumer = consumer.into();
    let held = store.allocations().allocations_of(consumer).await.unwrap();
    held.into_iter()
        .map(|allocation| {
            assert_eq!(allocation.consumer, consumer);
            (allocation.host, allocation.resources)
        })
        .collect()
}

/// After `claim_move` the migration holds what the server held, and the server the destination.
pub async fn a_move_holds_source_and_destination(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    let [source, destination] = &moving.hosts;
    let wanted = moving.to(env, destination, vcpus(3));
    store.allocations().claim_move(&wanted).await.unwrap();
    assert_eq!(
        held(store, moving.server).await,
        [(destination.clone(), vcpus(3))]
    );
    assert_eq!(
        held(store, moving.migration).await,
        [(source.clone(), vcpus(2))]
    );
    assert_eq!(moving.used(store).await, [(vcpus(2), 1), (vcpus(3), 1)]);
    let on = store.allocations().allocations_on(source).await.unwrap();
    assert_eq!(on[0].consumer, Consumer::Migration(moving.migration));
    // One id, another kind: nobody of that kind holds anything.
    let nobody = MigrationId::from_uuid(*moving.server.as_uuid());
    assert_eq!(held(store, nobody).await, []);
    assert!(
        !store
            .allocations()
            .release(nobody.into(), None)
            .await
            .unwrap()
    );
}

/// `release` of the migration leaves the server with the destination alone.
pub async fn a_confirmed_move_frees_the_source(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    let wanted = moving.to(env, &moving.hosts[1], vcpus(1));
    store.allocations().claim_move(&wanted).await.unwrap();
    let migration = Consumer::from(moving.migration);
    assert!(store.allocations().release(migration, None).await.unwrap());
    assert_eq!(
        moving.used(store).await,
        [(Resources::new(), 0), (vcpus(1), 1)]
    );
    assert!(
        !store
            .allocations()
            .claim_move_back(moving.server, moving.migration)
            .await
            .unwrap()
    );
    assert_eq!(
        moving.used(store).await,
        [(Resources::new(), 0), (vcpus(1), 1)]
    );
}

/// `claim_move_back` leaves the server with what it held before, for the request of that time.
pub async fn a_move_that_is_taken_back_frees_the_destination(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    let wanted = moving.to(env, &moving.hosts[1], vcpus(4));
    store.allocations().claim_move(&wanted).await.unwrap();
    assert!(
        store
            .allocations()
            .claim_move_back(moving.server, moving.migration)
            .await
            .unwrap()
    );
    assert_eq!(
        moving.used(store).await,
        [(vcpus(2), 1), (Resources::new(), 0)]
    );
    assert_eq!(
        held(store, moving.server).await,
        [(moving.hosts[0].clone(), vcpus(2))]
    );
    assert_eq!(held(store, moving.migration).await, []);
    store.allocations().claim(&moving.claim).await.unwrap();
    assert_eq!(
        moving.used(store).await,
        [(vcpus(2), 1), (Resources::new(), 0)]
    );
}

/// On one host both sizes are held, and must fit together.
pub async fn a_move_on_one_host_holds_both_sizes(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    let name = &moving.hosts[0];
    assert_fails!(
        store
            .allocations()
            .claim_move(&moving.to(env, name, vcpus(3)))
            .await,
        Error::NoCapacity {
            requested: 3,
            available: 2,
            ..
        }
    );
    let wanted = moving.to(env, name, vcpus(1));
    store.allocations().claim_move(&wanted).await.unwrap();
    assert_eq!(used(store, name).await, (vcpus(3), 2));
    assert!(
        store
            .allocations()
            .claim_move_back(moving.server, moving.migration)
            .await
            .unwrap()
    );
    assert_eq!(used(store, name).await, (vcpus(2), 1));
}

/// A destination that is full, missing or not asked for anything leaves all as it was.
pub async fn a_move_that_does_not_fit_changes_nothing(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    let missing: HostName = fresh(env, "host");
    assert_fails!(
        store
            .allocations()
            .claim_move(&moving.to(env, &moving.hosts[1], vcpus(5)))
            .await,
        Error::NoCapacity {
            requested: 5,
            available: 4,
            ..
        }
    );
    assert_fails!(
        store.allocations().claim_move(&moving.to(env, &missing, vcpus(1))).await,
        Error::NotFound { kind: ObjectKind::Host, id } if id == missing.as_str()
    );
    assert_fails!(
        store
            .allocations()
            .claim_move(&moving.to(env, &moving.hosts[1], Resources::new()))
            .await,
        Error::Invalid { .. }
    );
    assert_eq!(
        moving.used(store).await,
        [(vcpus(2), 1), (Resources::new(), 0)]
    );
    assert_eq!(held(store, moving.migration).await, []);
    store.allocations().claim(&moving.claim).await.unwrap();
}

/// The move that was made already is granted to the same request without effect.
pub async fn the_same_move_is_granted_again(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    let wanted = moving.to(env, &moving.hosts[1], vcpus(3));
    for _ in 0..3 {
        store.allocations().claim_move(&wanted).await.unwrap();
        assert_eq!(moving.used(store).await, [(vcpus(2), 1), (vcpus(3), 1)]);
    }
}

/// A migration that holds something takes no other move.
pub async fn another_move_of_a_migration_is_refused(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    let made = moving.to(env, &moving.hosts[1], vcpus(3));
    store.allocations().claim_move(&made).await.unwrap();
    let other = Moving::new(store, env).await;
    for wanted in [
        moving.to(env, &moving.hosts[1], vcpus(3)),
        ClaimMove {
            request: made.request.clone(),
            ..moving.to(env, &moving.hosts[1], vcpus(1))
        },
        ClaimMove {
            migration: moving.migration,
            ..other.to(env, &other.hosts[1], vcpus(1))
        },
        ClaimMove {
            server: ServerId::generate(env),
            ..made.clone()
        },
    ] {
        assert_fails!(
            store.allocations().claim_move(&wanted).await,
            Error::AlreadyExists { kind: ObjectKind::Allocation, id } if id == moving.migration.to_string()
        );
    }
    assert_eq!(moving.used(store).await, [(vcpus(2), 1), (vcpus(3), 1)]);
    assert_eq!(
        other.used(store).await,
        [(vcpus(2), 1), (Resources::new(), 0)]
    );
}

/// A server that holds nothing has nothing to move.
pub async fn who_holds_nothing_does_not_move(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    store
        .allocations()
        .release(moving.server.into(), None)
        .await
        .unwrap();
    assert_fails!(
        store.allocations().claim_move(&moving.to(env, &moving.hosts[1], vcpus(1))).await,
        Error::NotFound { kind: ObjectKind::Allocation, id } if id == moving.server.to_string()
    );
    assert_eq!(
        moving.used(store).await,
        [(Resources::new(), 0), (Resources::new(), 0)]
    );
}

/// `claim_move_back` returns `false` the second time, and refuses a server whose move it was not.
pub async fn a_move_is_taken_back_once_and_by_its_server(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    let wanted = moving.to(env, &moving.hosts[1], vcpus(3));
    store.allocations().claim_move(&wanted).await.unwrap();
    let stranger = Moving::new(store, env).await;
    assert_fails!(
        store
            .allocations()
            .claim_move_back(stranger.server, moving.migration)
            .await,
        Error::Invalid { .. }
    );
    assert_eq!(moving.used(store).await, [(vcpus(2), 1), (vcpus(3), 1)]);
    for expected in [true, false, false] {
        let done = store
            .allocations()
            .claim_move_back(moving.server, moving.migration)
            .await;
        assert_eq!(done.unwrap(), expected);
        assert_eq!(
            moving.used(store).await,
            [(vcpus(2), 1), (Resources::new(), 0)]
        );
    }
}

/// A server that gave the destination back gets the source all the same.
pub async fn a_move_is_taken_back_when_the_server_holds_nothing(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    let wanted = moving.to(env, &moving.hosts[1], vcpus(3));
    store.allocations().claim_move(&wanted).await.unwrap();
    assert!(
        store
            .allocations()
            .release(moving.server.into(), None)
            .await
            .unwrap()
    );
    assert!(
        store
            .allocations()
            .claim_move_back(moving.server, moving.migration)
            .await
            .unwrap()
    );
    assert_eq!(
        moving.used(store).await,
        [(vcpus(2), 1), (Resources::new(), 0)]
    );
    assert_eq!(
        held(store, moving.server).await,
        [(moving.hosts[0].clone(), vcpus(2))]
    );
}

/// Of sixteen servers that move to a host with room for five, five get there.
pub async fn racing_moves_fill_a_host_exactly(store: &Store, env: &Env) {
    let source = host(store, env, &[(VCPU, 64, 0, 1.0)]).await;
    let destination = host(store, env, &[(VCPU, 11, 0, 1.0)]).await;
    let mut moves = Vec::new();
    for _ in 0..16 {
        let held = claim(env, &source, vcpus(4));
        store.allocations().claim(&held).await.unwrap();
        moves.push(ClaimMove::to(
            held.consumer.server().unwrap(),
            MigrationId::generate(env),
            RequestId::generate(env),
            destination.clone(),
            vcpus(2),
        ));
    }
    let results = at_once(16, |index| {
        let (store, wanted) = (store.clone(), moves[index].clone());
        async move { store.allocations().claim_move(&wanted).await }
    })
    .await;
    assert_eq!(successes(results, is_no_capacity).len(), 5);
    assert_eq!(used(store, &source).await, (vcpus(64), 16));
    assert_eq!(used(store, &destination).await, (vcpus(10), 5));
}

/// Moves between two hosts, in both directions at once, each taken back or confirmed: what is
/// held in the end is what the servers hold.
pub async fn moves_and_ways_back_leave_nothing_behind(store: &Store, env: &Env) {
    let hosts = [
        host(store, env, &[(VCPU, 200, 0, 1.0)]).await,
        host(store, env, &[(VCPU, 200, 0, 1.0)]).await,
    ];
    let mut claims = Vec::new();
    for index in 0..8 {
        let held = claim(env, &hosts[index % 2], vcpus(2));
        store.allocations().claim(&held).await.unwrap();
        claims.push(held);
    }
    at_once(8, |index| {
        let (store, env, hosts) = (store.clone(), env.clone(), hosts.clone());
        let server = claims[index].consumer.server().unwrap();
        async move {
            for round in 0..4 {
                let migration = MigrationId::generate(&env);
                let wanted = ClaimMove::to(
                    server,
                    migration,
                    RequestId::generate(&env),
                    hosts[(index + round + 1) % 2].clone(),
                    vcpus(2),
                );
                store.allocations().claim_move(&wanted).await.unwrap();
                let ended = match (index + round) % 3 {
                    0 => store.allocations().claim_move_back(server, migration).await,
                    _ => store.allocations().release(migration.into(), None).await,
                };
                assert!(ended.unwrap());
            }
        }
    })
    .await;
    let (one, two) = (used(store, &hosts[0]).await, used(store, &hosts[1]).await);
    assert_eq!(
        (one.0.get(&VCPU) + two.0.get(&VCPU), one.1 + two.1),
        (16, 8)
    );
}

/// A migration with the UUID of its server is `Invalid`, and nothing changes.
pub async fn a_migration_is_not_its_server(store: &Store, env: &Env) {
    let moving = Moving::new(store, env).await;
    let itself = MigrationId::from_uuid(*moving.server.as_uuid());
    let wanted = ClaimMove {
        migration: itself,
        ..moving.to(env, &moving.hosts[1], vcpus(1))
    };
    assert_fails!(
        store.allocations().claim_move(&wanted).await,
        Error::Invalid { .. }
    );
    assert_fails!(
        store
            .allocations()
            .claim_move_back(moving.server, itself)
            .await,
        Error::Invalid { .. }
    );
    assert_eq!(
        moving.used(store).await,
        [(vcpus(2), 1), (Resources::new(), 0)]
    );
}
