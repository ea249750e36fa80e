//! The archive.

use super::cases::{Case, cases};
use super::fixture::{
    assert_fails, at_once, deleted, fault, fresh, host, server, server_in, vcpus,
};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{ProjectId, RequestId, ServerId};
use crate::model::{ArchivedServer, Claim, Metadata, ResourceClass, Server, Tag, UserData};
use crate::repository::{Deleted, PageRequest, ServerFilter, ServerSort, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(archive {
    archiving_moves_a_server_with_all_of_it,
    the_longest_deleted_are_archived_first,
    what_holds_resources_is_not_archived,
    an_archived_id_is_free_again,
    of_racing_archivers_each_server_has_one,
    archived_servers_are_listed_in_pages,
    the_archive_is_purged,
});

/// Long before what any other case deletes.
pub(super) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(i64::MIN + 100_000 + micros)
}

/// Archives everything that was deleted so long ago, and forgets it.
pub(super) async fn sweep(store: &Store, env: &Env) {
    let archive = store.archive();
    archive
        .archive_servers(at(10_000), env.now(), u32::MAX)
        .await
        .unwrap();
    archive.archive_purge(at(10_000), u32::MAX).await.unwrap();
}

/// Creates a server that was deleted then.
pub(super) async fn gone(store: &Store, env: &Env, project: &ProjectId, micros: i64) -> Server {
    let server = deleted(server_in(env, project), at(micros));
    store.servers().server_create(&server).await.unwrap();
    server
}

/// What was archived of these.
async fn archived_of(store: &Store, of: &[ServerId]) -> Vec<ServerId> {
    let mut archived = Vec::new();
    for id in of {
        match store.archive().archived_get(*id).await {
            Ok(found) => {
                assert_eq!(found.server.id, *id);
                assert!(
                    store.servers().server_get(*id).await.is_err(),
                    "server {id} is in both places"
                );
                archived.push(*id);
            }
            Err(error) => {
                assert!(error.is_not_found(), "failed with {error:?}");
                assert!(
                    store.servers().server_get(*id).await.is_ok(),
                    "server {id} is nowhere"
                );
            }
        }
    }
    archived
}

/// An archived server is where it was no more, neither are its faults and tags, and the archive
/// has it as it was, with its faults in the order of their recording.
pub async fn archiving_moves_a_server_with_all_of_it(store: &Store, env: &Env) {
    sweep(store, env).await;
    let tag: Tag = fresh(env, "tag");
    let mut held = deleted(server(env), at(1));
    held.tags.insert(tag.clone()).unwrap();
    held.metadata = Metadata::new([("key", "\0\u{1f980}")]).unwrap();
    held.user_data = Some(UserData::new("QUJD").unwrap());
    store.servers().server_create(&held).await.unwrap();
    let faults = [
        fault(env, held.id, "late \0\u{1f980}", at(9)),
        fault(env, held.id, "early", at(3)),
    ];
    for fault in &faults {
        store.faults().fault_record(fault).await.unwrap();
    }
    assert_fails!(
        store.archive().archived_get(held.id).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == held.id.to_string()
    );

    let now = env.now();
    let archived = store.archive().archive_servers(at(2), now, 10).await;
    assert_eq!(archived.unwrap(), 1);
    let found = store.archive().archived_get(held.id).await.unwrap();
    let expected = ArchivedServer::new(held.clone(), now).faults(faults.to_vec());
    assert_eq!(found, expected);

    assert!(
        store
            .servers()
            .server_get(held.id)
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        store
            .servers()
            .server_update(&held)
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        !store
            .servers()
            .server_purge(held.id, held.generation)
            .await
            .unwrap()
    );
    assert_eq!(store.faults().faults_of(held.id, 10).await.unwrap(), []);
    let tagged = ServerFilter::default()
        .tagged(tag)
        .deleted(Deleted::Include);
    let listed = store
        .servers()
        .server_list(&tagged, ServerSort::default(), &PageRequest::largest())
        .await;
    assert_eq!(listed.unwrap().items, []);
    sweep(store, env).await;
}

/// `archive_servers` takes those deleted before a time, the longest deleted first, and no more
/// than the limit; a second time there is nothing to do.
pub async fn the_longest_deleted_are_archived_first(store: &Store, env: &Env) {
    sweep(store, env).await;
    let living = server(env);
    store.servers().server_create(&living).await.unwrap();
    let project: ProjectId = fresh(env, "project");
    let mut order = Vec::new();
    for micros in [3, 1, 4, 0, 2] {
        order.push((micros, gone(store, env, &project, micros).await.id));
    }
    order.sort_unstable();
    let order: Vec<ServerId> = order.into_iter().map(|(_, id)| id).collect();
    let archive = |before, limit| {
        store
            .archive()
            .archive_servers(at(before), env.now(), limit)
    };
    assert_eq!(archive(0, 10).await.unwrap(), 0);
    assert_eq!(archive(4, 0).await.unwrap(), 0);
    assert!(archived_of(store, &order).await.is_empty());
    assert_eq!(archive(4, 2).await.unwrap(), 2);
    assert_eq!(archived_of(store, &order).await, order[..2]);
    assert_eq!(archive(4, 10).await.unwrap(), 2);
    assert_eq!(archived_of(store, &order).await, order[..4]);
    assert_eq!(archive(5, u32::MAX).await.unwrap(), 1);
    assert_eq!(archive(5, u32::MAX).await.unwrap(), 0);
    assert_eq!(archived_of(store, &order).await, order);
    assert_eq!(store.servers().server_get(living.id).await.unwrap(), living);
    sweep(store, env).await;
}

/// A deleted server that holds resources stays where it is and does not count; it goes when it
/// holds nothing.
pub async fn what_holds_resources_is_not_archived(store: &Store, env: &Env) {
    sweep(store, env).await;
    let host = host(store, env, &[(ResourceClass::Vcpu, 4, 0, 1.0)]).await;
    let project: ProjectId = fresh(env, "project");
    let holding = gone(store, env, &project, 0).await.id;
    let free = gone(store, env, &project, 1).await.id;
    let claim = Claim::on(holding, RequestId::generate(env), host, vcpus(1));
    store.allocations().claim(&claim).await.unwrap();
    let archive = |limit| store.archive().archive_servers(at(2), env.now(), limit);
    assert_eq!(archive(1).await.unwrap(), 1);
    assert_eq!(archive(1).await.unwrap(), 0);
    assert_eq!(archived_of(store, &[holding, free]).await, [free]);
    store
        .allocations()
        .release(holding.into(), None)
        .await
        .unwrap();
    assert_eq!(archive(1).await.unwrap(), 1);
    assert_eq!(archived_of(store, &[holding, free]).await, [holding, free]);
    sweep(store, env).await;
}

/// A server may get the id of an archived one, and takes its place when it is archived itself.
pub async fn an_archived_id_is_free_again(store: &Store, env: &Env) {
    sweep(store, env).await;
    let project: ProjectId = fresh(env, "project");
    let first = gone(store, env, &project, 0).await;
    let archive = || store.archive().archive_servers(at(5), env.now(), 10);
    assert_eq!(archive().await.unwrap(), 1);
    let second = Server {
        id: first.id,
        ..deleted(server(env), at(1))
    };
    store.servers().server_create(&second).await.unwrap();
    let found = store.archive().archived_get(first.id).await.unwrap();
    assert_eq!(found.server, first);
    assert_eq!(archive().await.unwrap(), 1);
    let found = store.archive().archived_get(first.id).await.unwrap();
    assert_eq!(found.server, second);
    let page = PageRequest::largest();
    let of_first = store.archive().archived_list(Some(&project), &page).await;
    assert_eq!(of_first.unwrap().items, []);
    sweep(store, env).await;
}

/// Of many that archive at once, each server is archived by one of them.
pub async fn of_racing_archivers_each_server_has_one(store: &Store, env: &Env) {
    sweep(store, env).await;
    let project: ProjectId = fresh(env, "project");
    let mut servers = Vec::new();
    for micros in 0..24 {
        servers.push(gone(store, env, &project, micros).await.id);
    }
    let counts = at_once(4, |_| {
        let (store, now) = (store.clone(), env.now());
        async move {
            let mut count = 0;
            loop {
                let archive = store.archive();
                match archive.archive_servers(at(100), now, 3).await.unwrap() {
                    0 => return count,
                    some => count += some,
                }
            }
        }
    })
    .await;
    assert_eq!(counts.iter().sum::<u64>(), 24, "{counts:?}");
    assert_eq!(archived_of(store, &servers).await, servers);
    sweep(store, env).await;
}

/// `archived_list` is by time of deletion and id, of one project or of all, in pages; a marker
/// must be in the archive and may be of another project.
pub async fn archived_servers_are_listed_in_pages(store: &Store, env: &Env) {
    sweep(store, env).await;
    let projects: [ProjectId; 2] = [fresh(env, "project"), fresh(env, "project")];
    let mut servers = Vec::new();
    for index in 0..10_i64 {
        let project = &projects[usize::from(index % 3 == 0)];
        servers.push(gone(store, env, project, index * 7 % 4).await);
    }
    let archive = store.archive();
    archive
        .archive_servers(at(100), env.now(), 100)
        .await
        .unwrap();
    servers.sort_by_key(|server| (server.deleted_at, server.id));
    for (index, project) in projects.iter().enumerate() {
        let of_project = servers.iter().filter(|s| s.project_id == *project);
        let expected: Vec<ServerId> = of_project.map(|server| server.id).collect();
        for limit in [1, 2, 3, 1000] {
            let found = pages(store, Some(project), limit).await;
            assert_eq!(found, expected, "project {index} in pages of {limit}");
        }
        // After a marker of the other project.
        let other = servers.iter().position(|s| s.project_id != *project);
        let other = other.unwrap();
        let page = PageRequest::largest().after(servers[other].id);
        let rest = archive.archived_list(Some(project), &page).await.unwrap();
        let rest: Vec<ServerId> = rest.items.iter().map(|found| found.server.id).collect();
        let after = servers[other..].iter().filter(|s| s.project_id == *project);
        assert_eq!(rest, after.map(|server| server.id).collect::<Vec<_>>());
    }
    // Whatever else is in the archive was deleted later.
    let first = PageRequest::first(10).unwrap();
    let all = archive.archived_list(None, &first).await.unwrap();
    let all: Vec<Server> = all.items.into_iter().map(|found| found.server).collect();
    assert_eq!(all, servers);
    let nobody: ProjectId = fresh(env, "project");
    assert!(pages(store, Some(&nobody), 5).await.is_empty());

    let missing = ServerId::generate(env);
    let page = PageRequest::largest().after(missing);
    assert_fails!(
        archive.archived_list(None, &page).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == missing.to_string()
    );
    sweep(store, env).await;
}

/// `archive_purge` takes those deleted before a time, the longest deleted first, and no more than
/// the limit; servers that are not archived are not touched.
pub async fn the_archive_is_purged(store: &Store, env: &Env) {
    sweep(store, env).await;
    let project: ProjectId = fresh(env, "project");
    let mut order = Vec::new();
    for micros in 0..4 {
        order.push(gone(store, env, &project, micros).await.id);
    }
    let archive = store.archive();
    archive.archive_servers(at(4), env.now(), 4).await.unwrap();
    let waiting = gone(store, env, &project, 0).await;
    let purge = |before, limit| archive.archive_purge(at(before), limit);
    assert_eq!(purge(0, 10).await.unwrap(), 0);
    assert_eq!(purge(4, 0).await.unwrap(), 0);
    assert_eq!(pages(store, Some(&project), 10).await, order);
    assert_eq!(purge(4, 1).await.unwrap(), 1);
    assert_eq!(pages(store, Some(&project), 10).await, order[1..]);
    assert_eq!(purge(3, 10).await.unwrap(), 2);
    assert_eq!(pages(store, Some(&project), 10).await, order[3..]);
    assert_eq!(purge(4, u32::MAX).await.unwrap(), 1);
    assert!(pages(store, Some(&project), 10).await.is_empty());
    assert!(
        archive
            .archived_get(order[3])
            .await
            .unwrap_err()
            .is_not_found()
    );
    let there = store.servers().server_get(waiting.id).await.unwrap();
    assert_eq!(there, waiting);
    sweep(store, env).await;
}

/// The ids of all pages of so many.
async fn pages(store: &Store, project: Option<&ProjectId>, limit: u32) -> Vec<ServerId> {
    let mut ids = Vec::new();
    let mut request = PageRequest::first(limit).unwrap();
    loop {
        let page = store.archive().archived_list(project, &request).await;
        let page = page.unwrap();
        assert!(page.items.len() <= limit as usize);
        ids.extend(page.items.iter().map(|found| found.server.id));
        match page.next {
            Some(marker) => request = request.after(marker),
            None => return ids,
        }
    }
}
