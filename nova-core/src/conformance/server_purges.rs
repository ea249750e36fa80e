//! Servers removed for good.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, deleted, fault, fresh, host, server, vcpus};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{MigrationId, RequestId, ServerId};
use crate::model::{Claim, ClaimMove, ResourceClass, Tag, Tags};
use crate::repository::{Deleted, PageRequest, ServerFilter, ServerSort, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(server_purges {
    only_a_deleted_server_is_purged,
    purging_takes_the_faults,
    the_longest_deleted_go_first,
    what_holds_resources_is_not_purged,
    what_a_migration_holds_for_is_not_purged,
    purging_takes_the_tags,
});

/// `server_purge` needs a deleted server and its generation; a second time it returns `false`.
pub async fn only_a_deleted_server_is_purged(store: &Store, env: &Env) {
    let living = server(env);
    store.servers().server_create(&living).await.unwrap();
    let stale = |result| {
        assert_fails!(
            result,
            Error::Stale { kind: ObjectKind::Server, id, .. } if id == living.id.to_string()
        );
    };
    stale(
        store
            .servers()
            .server_purge(living.id, living.generation)
            .await,
    );

    let gone = store
        .servers()
        .server_update(&deleted(living.clone(), env.now()))
        .await
        .unwrap();
    stale(
        store
            .servers()
            .server_purge(gone.id, living.generation)
            .await,
    );
    assert_eq!(store.servers().server_get(gone.id).await.unwrap(), gone);

    assert!(
        store
            .servers()
            .server_purge(gone.id, gone.generation)
            .await
            .unwrap()
    );
    assert!(
        store
            .servers()
            .server_get(gone.id)
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        !store
            .servers()
            .server_purge(gone.id, gone.generation)
            .await
            .unwrap()
    );

    // The id is free again.
    store.servers().server_create(&living).await.unwrap();
}

/// `server_purge` and `server_purge_deleted` remove the server's faults and no others.
pub async fn purging_takes_the_faults(store: &Store, env: &Env) {
    let early = Timestamp::from_micros(-5_000_000);
    let (one, two, other) = (
        deleted(server(env), early),
        deleted(server(env), early),
        deleted(server(env), env.now()),
    );
    for server in [&one, &two, &other] {
        store.servers().server_create(server).await.unwrap();
        store
            .faults()
            .fault_record(&fault(env, server.id, "x", env.now()))
            .await
            .unwrap();
    }
    assert!(
        store
            .servers()
            .server_purge(one.id, one.generation)
            .await
            .unwrap()
    );
    let before = Timestamp::from_micros(early.as_micros() + 1);
    store
        .servers()
        .server_purge_deleted(before, 1000)
        .await
        .unwrap();
    for server in [&one, &two] {
        assert!(
            store
                .servers()
                .server_get(server.id)
                .await
                .unwrap_err()
                .is_not_found()
        );
        assert_eq!(store.faults().faults_of(server.id, 10).await.unwrap(), []);
        // Nor do they come back with the id.
        store.servers().server_create(server).await.unwrap();
        assert_eq!(store.faults().faults_of(server.id, 10).await.unwrap(), []);
    }
    assert_eq!(
        store.faults().faults_of(other.id, 10).await.unwrap().len(),
        1
    );
    store
        .servers()
        .server_purge_deleted(before, 1000)
        .await
        .unwrap();
}

/// `server_purge_deleted` takes those deleted before a time, the longest deleted first, and no
/// more than the limit.
pub async fn the_longest_deleted_go_first(store: &Store, env: &Env) {
    // Long before what any other case deletes.
    let at = |micros: i64| Timestamp::from_micros(i64::MIN + 1_000 + micros);
    let living = server(env);
    store.servers().server_create(&living).await.unwrap();
    let mut gone: Vec<ServerId> = Vec::new();
    for micros in [3, 1, 4, 0, 2] {
        let server = deleted(server(env), at(micros));
        store.servers().server_create(&server).await.unwrap();
        gone.push(server.id);
    }
    // By time of deletion: the fourth, second, fifth, first, third.
    let order = [gone[3], gone[1], gone[4], gone[0], gone[2]];
    let purge = |before, limit| store.servers().server_purge_deleted(at(before), limit);
    assert_eq!(purge(0, 10).await.unwrap(), 0);
    assert_eq!(purge(4, 0).await.unwrap(), 0);
    assert_eq!(left(store, &order).await, order);
    assert_eq!(purge(4, 2).await.unwrap(), 2);
    assert_eq!(left(store, &order).await, order[2..]);
    assert_eq!(purge(4, 10).await.unwrap(), 2);
    assert_eq!(left(store, &order).await, order[4..]);
    assert_eq!(purge(5, u32::MAX).await.unwrap(), 1);
    assert!(left(store, &order).await.is_empty());
    assert_eq!(store.servers().server_get(living.id).await.unwrap(), living);
}

/// `server_purge` of a server that holds resources is `InUse`, after the check of its generation,
/// and `server_purge_deleted` passes it over, until it holds nothing.
pub async fn what_holds_resources_is_not_purged(store: &Store, env: &Env) {
    let at = |micros: i64| Timestamp::from_micros(i64::MIN + 10_000 + micros);
    let host = host(store, env, &[(ResourceClass::Vcpu, 4, 0, 1.0)]).await;
    let (holding, free) = (deleted(server(env), at(0)), deleted(server(env), at(1)));
    for server in [&holding, &free] {
        store.servers().server_create(server).await.unwrap();
    }
    let claim = Claim::on(holding.id, RequestId::generate(env), host, vcpus(1));
    store.allocations().claim(&claim).await.unwrap();

    let purge = |generation| store.servers().server_purge(holding.id, generation);
    assert_fails!(purge(holding.generation.next()).await, Error::Stale { .. });
    assert_fails!(
        purge(holding.generation).await,
        Error::InUse { kind: ObjectKind::Server, id, .. } if id == holding.id.to_string()
    );
    // One that stays does not count.
    let purge_deleted = || store.servers().server_purge_deleted(at(2), 1);
    assert_eq!(purge_deleted().await.unwrap(), 1);
    assert_eq!(purge_deleted().await.unwrap(), 0);
    assert_eq!(left(store, &[holding.id, free.id]).await, [holding.id]);

    store
        .allocations()
        .release(holding.id.into(), None)
        .await
        .unwrap();
    assert!(purge(holding.generation).await.unwrap());
    assert!(left(store, &[holding.id]).await.is_empty());
}

/// What its migration holds keeps a server too.
pub async fn what_a_migration_holds_for_is_not_purged(store: &Store, env: &Env) {
    let name = host(store, env, &[(ResourceClass::Vcpu, 4, 0, 1.0)]).await;
    let moved = deleted(server(env), env.now());
    store.servers().server_create(&moved).await.unwrap();
    let request = RequestId::generate(env);
    let claim = Claim::on(moved.id, request.clone(), name.clone(), vcpus(1));
    store.allocations().claim(&claim).await.unwrap();
    let migration = MigrationId::generate(env);
    let away = ClaimMove::to(moved.id, migration, request, name, vcpus(1));
    store.allocations().claim_move(&away).await.unwrap();
    store
        .allocations()
        .release(moved.id.into(), None)
        .await
        .unwrap();

    let purge = || store.servers().server_purge(moved.id, moved.generation);
    assert_fails!(
        purge().await,
        Error::InUse {
            kind: ObjectKind::Server,
            ..
        }
    );
    store
        .allocations()
        .release(migration.into(), None)
        .await
        .unwrap();
    assert!(purge().await.unwrap());
}

/// Whatever its tags were, they are gone with a server, and do not come back with its id.
pub async fn purging_takes_the_tags(store: &Store, env: &Env) {
    let tag: Tag = fresh(env, "tag");
    let mut held = deleted(server(env), env.now());
    held.tags.insert(tag.clone()).unwrap();
    store.servers().server_create(&held).await.unwrap();
    let tagged = ServerFilter::default()
        .tagged(tag)
        .deleted(Deleted::Include);
    let count = async || {
        let (sort, page) = (ServerSort::default(), PageRequest::largest());
        let page = store.servers().server_list(&tagged, sort, &page).await;
        page.unwrap().items.len()
    };
    assert_eq!(count().await, 1);
    let purged = store.servers().server_purge(held.id, held.generation).await;
    assert!(purged.unwrap());
    assert_eq!(count().await, 0);
    held.tags = Tags::default();
    store.servers().server_create(&held).await.unwrap();
    assert_eq!(count().await, 0);
}

async fn left(store: &Store, of: &[ServerId]) -> Vec<ServerId> {
    let mut left = Vec::new();
    for id in of {
        if store.servers().server_get(*id).await.is_ok() {
            left.push(*id);
        }
    }
    left
}
