//! Migrations.

use std::collections::BTreeSet;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, flavor, fresh, server, successes};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{HostName, MigrationId, ProjectId, RequestId, ServerId};
use crate::model::{
    Flavor, Migration, MigrationKind, MigrationProgress, MigrationStatus, NewMigration, Server,
    Transfer,
};
use crate::repository::{MigrationFilter, PageRequest, Store};
use crate::units::Bytes;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(migrations {
    a_created_migration_reads_back,
    creation_refuses_in_order,
    one_of_a_server_has_not_ended,
    racing_creations_leave_one,
    an_update_keeps_what_never_changes,
    a_stale_update_is_refused,
    one_of_racing_updates_succeeds,
    an_ended_migration_does_not_begin_again,
    filters_let_through_what_matches,
    pages_follow_creation_and_id,
    paging_survives_concurrent_inserts,
    purging_the_server_takes_its_migrations,
});

/// `migration_create` keeps every field, in every kind and status.
pub async fn a_created_migration_reads_back(store: &Store, env: &Env) {
    let largest = Transfer {
        total: Bytes::new(u64::MAX),
        processed: Bytes::new(u64::MAX - 1),
        remaining: Bytes::new(1),
    };
    let mut extreme = migration(env, created(store, env).await.id);
    extreme.source_host = widest("\u{1f980}");
    extreme.dest_host = Some(widest("\u{e4}"));
    extreme.request_id = widest("'").as_str().parse().unwrap();
    extreme.new_flavor = Some(flavor(env));
    extreme.old_flavor = Some(
        Flavor::builder(
            fresh(env, "\u{1f980}"),
            1,
            crate::units::Mebibytes::new(Flavor::MAX_AMOUNT),
            crate::units::Gibibytes::new(1),
        )
        .build()
        .unwrap(),
    );
    extreme.progress = Some(MigrationProgress {
        memory: largest,
        disk: Transfer::default(),
    });
    extreme.created_at = Timestamp::from_micros(i64::MIN);
    extreme.updated_at = Timestamp::from_micros(i64::MAX);
    extreme.generation = crate::model::Generation::new(7);
    let mut all = vec![extreme];
    for kind in MigrationKind::ALL {
        for status in MigrationStatus::ALL {
            let mut one = migration(env, created(store, env).await.id);
            (one.kind, one.status) = (*kind, *status);
            all.push(one);
        }
    }
    for one in &all {
        store.migrations().migration_create(one).await.unwrap();
    }
    for one in &all {
        assert_eq!(get(store, one.id).await, *one);
    }
    let missing = MigrationId::generate(env);
    assert_fails!(
        store.migrations().migration_get(missing).await,
        Error::NotFound { kind: ObjectKind::Migration, id } if id == missing.to_string()
    );
}

/// `migration_create` refuses a taken id, then an unknown server, then a server that has another;
/// an ended one may come whatever the server has.
pub async fn creation_refuses_in_order(store: &Store, env: &Env) {
    let one = migration(env, created(store, env).await.id);
    store.migrations().migration_create(&one).await.unwrap();
    let missing = ServerId::generate(env);
    for server in [one.server_id, missing] {
        let mut second = migration(env, server);
        second.id = one.id;
        assert_fails!(
            store.migrations().migration_create(&second).await,
            Error::AlreadyExists { kind: ObjectKind::Migration, id } if id == one.id.to_string()
        );
    }
    assert_fails!(
        store.migrations().migration_create(&migration(env, missing)).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == missing.to_string()
    );
    let mut another = migration(env, one.server_id);
    assert_fails!(
        store.migrations().migration_create(&another).await,
        Error::InUse { kind: ObjectKind::Server, id, .. } if id == one.server_id.to_string()
    );
    another.status = MigrationStatus::Failed;
    store.migrations().migration_create(&another).await.unwrap();
    assert_eq!(get(store, one.id).await, one);
}

/// The next migration of a server may begin when the one before has ended, in whatever way, and
/// not while it is in any status that has not.
pub async fn one_of_a_server_has_not_ended(store: &Store, env: &Env) {
    let server = created(store, env).await.id;
    let mut one = migration(env, server);
    store.migrations().migration_create(&one).await.unwrap();
    for status in MigrationStatus::ALL {
        one.status = *status;
        one = store.migrations().migration_update(&one).await.unwrap();
        let next = migration(env, server);
        let created = store.migrations().migration_create(&next).await;
        if status.in_progress() {
            assert_fails!(
                created,
                Error::InUse {
                    kind: ObjectKind::Server,
                    ..
                }
            );
        } else {
            created.unwrap();
            one = next;
        }
    }
}

/// Of migrations of one server that are created at once, one is.
pub async fn racing_creations_leave_one(store: &Store, env: &Env) {
    for _ in 0..4 {
        let server = created(store, env).await.id;
        let results = at_once(16, |_| {
            let (store, one) = (store.clone(), migration(env, server));
            async move {
                store.migrations().migration_create(&one).await?;
                Ok(one)
            }
        })
        .await;
        let created = successes(results, |error| matches!(error, Error::InUse { .. }));
        assert_eq!(created.len(), 1, "of 16 at once");
        let filter = MigrationFilter {
            server: Some(server),
            ..MigrationFilter::default()
        };
        assert_eq!(ids(store, &filter, 10).await, [created[0].id]);
    }
}

/// `migration_update` writes every field but those that never change, and returns what it wrote
/// with the next generation.
pub async fn an_update_keeps_what_never_changes(store: &Store, env: &Env) {
    let one = migration(env, created(store, env).await.id);
    store.migrations().migration_create(&one).await.unwrap();
    let expected = Migration {
        status: MigrationStatus::Running,
        source_host: fresh(env, "host"),
        dest_host: None,
        old_flavor: Some(flavor(env)),
        new_flavor: None,
        progress: Some(MigrationProgress::default()),
        updated_at: Timestamp::from_micros(5),
        generation: one.generation.next(),
        ..one.clone()
    };
    let written = Migration {
        server_id: ServerId::generate(env),
        kind: MigrationKind::Evacuation,
        request_id: RequestId::generate(env),
        user_id: fresh(env, "user"),
        project_id: fresh(env, "project"),
        created_at: Timestamp::EPOCH,
        generation: one.generation,
        ..expected.clone()
    };
    let updated = store.migrations().migration_update(&written).await;
    assert_eq!(updated.unwrap(), expected);
    assert_eq!(get(store, one.id).await, expected);
}

/// `migration_update` of an unknown migration is `NotFound`, of a changed one `Stale`.
pub async fn a_stale_update_is_refused(store: &Store, env: &Env) {
    let mut one = migration(env, created(store, env).await.id);
    assert_fails!(
        store.migrations().migration_update(&one).await,
        Error::NotFound { kind: ObjectKind::Migration, id } if id == one.id.to_string()
    );
    store.migrations().migration_create(&one).await.unwrap();
    let newer = store.migrations().migration_update(&one).await.unwrap();
    one.status = MigrationStatus::Error;
    assert_fails!(
        store.migrations().migration_update(&one).await,
        Error::Stale { kind: ObjectKind::Migration, id, expected }
            if id == one.id.to_string() && expected == one.generation
    );
    assert_eq!(get(store, one.id).await, newer);
}

/// Of updates of one generation at once, one succeeds.
pub async fn one_of_racing_updates_succeeds(store: &Store, env: &Env) {
    let one = migration(env, created(store, env).await.id);
    store.migrations().migration_create(&one).await.unwrap();
    let results = at_once(16, |index| {
        let (store, mut one) = (store.clone(), one.clone());
        one.updated_at = Timestamp::from_micros(i64::try_from(index).unwrap());
        async move { store.migrations().migration_update(&one).await }
    })
    .await;
    let written = successes(results, Error::is_stale);
    assert_eq!(written.len(), 1, "of 16 at once");
    assert_eq!(get(store, one.id).await, written[0]);
}

/// A migration that has ended may go on to another such status, and to no other.
pub async fn an_ended_migration_does_not_begin_again(store: &Store, env: &Env) {
    let mut one = migration(env, created(store, env).await.id);
    one.status = MigrationStatus::Done;
    store.migrations().migration_create(&one).await.unwrap();
    for status in MigrationStatus::ALL.iter().filter(|s| s.in_progress()) {
        let again = Migration {
            status: *status,
            ..one.clone()
        };
        assert_fails!(
            store.migrations().migration_update(&again).await,
            Error::Invalid {
                field: "migration status",
                ..
            }
        );
    }
    assert_eq!(get(store, one.id).await, one);
    one.status = MigrationStatus::Completed;
    store.migrations().migration_update(&one).await.unwrap();
    // A writer who is behind is told so first.
    one.status = MigrationStatus::Running;
    assert_fails!(
        store.migrations().migration_update(&one).await,
        Error::Stale { .. }
    );
}

/// Each condition of a filter, and any two of them, let through exactly what matches.
pub async fn filters_let_through_what_matches(store: &Store, env: &Env) {
    let projects: [ProjectId; 2] = [fresh(env, "project"), fresh(env, "project")];
    let hosts: [HostName; 3] = [fresh(env, "h"), fresh(env, "h"), fresh(env, "h")];
    let mut servers: Vec<ServerId> = Vec::new();
    for _ in 0..3 {
        servers.push(created(store, env).await.id);
    }
    let mut all = Vec::new();
    for index in 0..36_usize {
        let mut one = migration(env, servers[index % 3]);
        one.project_id = projects[index % 2].clone();
        one.source_host = hosts[index % 3].clone();
        one.dest_host =
            [None, Some(hosts[0].clone()), Some(hosts[1].clone())][index / 3 % 3].clone();
        one.kind = MigrationKind::ALL[index % 4];
        one.status = match index {
            33.. => MigrationStatus::Finished,
            _ => [MigrationStatus::Completed, MigrationStatus::Error][index / 4 % 2],
        };
        one.created_at = Timestamp::from_micros(i64::try_from(index).unwrap() / 2);
        one.updated_at = Timestamp::from_micros(100 - i64::try_from(index).unwrap());
        store.migrations().migration_create(&one).await.unwrap();
        all.push(one);
    }
    all.sort_by_key(|one| (one.created_at, one.id));

    // A server, a host or a project of its own keeps other migrations in the store out.
    let scopes = [
        (Some(0), None, None),
        (None, Some(0), None),
        (None, Some(1), None),
        (None, None, Some(1)),
        (Some(1), Some(1), None),
        (Some(2), None, Some(0)),
        (None, Some(2), Some(1)),
    ];
    let statuses = [
        None,
        Some(BTreeSet::new()),
        Some(BTreeSet::from([MigrationStatus::Error])),
        Some(BTreeSet::from([
            MigrationStatus::Error,
            MigrationStatus::Finished,
        ])),
    ];
    for (server, host, project) in scopes {
        for statuses in &statuses {
            for kind in [None, Some(MigrationKind::Resize)] {
                for in_progress in [false, true] {
                    for changed_since in [None, Some(Timestamp::from_micros(80))] {
                        let filter = MigrationFilter {
                            server: server.map(|index: usize| servers[index]),
                            host: host.map(|index: usize| hosts[index].clone()),
                            statuses: statuses.clone(),
                            kind,
                            in_progress,
                            project: project.map(|index: usize| projects[index].clone()),
                            changed_since,
                        };
                        let expected: Vec<MigrationId> = all
                            .iter()
                            .filter(|one| lets_through(&filter, one))
                            .map(|one| one.id)
                            .collect();
                        assert_eq!(ids(store, &filter, 1000).await, expected, "{filter:?}");
                    }
                }
            }
        }
    }
    // Without a scope, others may be in between.
    let unscoped = [
        MigrationFilter {
            in_progress: true,
            ..MigrationFilter::default()
        },
        MigrationFilter {
            changed_since: Some(Timestamp::from_micros(80)),
            ..MigrationFilter::default()
        },
    ];
    for filter in unscoped {
        let found = ids(store, &filter, 7).await;
        let mine = found
            .into_iter()
            .filter(|id| all.iter().any(|one| one.id == *id));
        let expected = all.iter().filter(|one| lets_through(&filter, one));
        let expected: Vec<MigrationId> = expected.map(|one| one.id).collect();
        assert_eq!(mine.collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

/// The order is creation time, then id; pages of every size have every migration once. A marker
/// must exist, but need not pass the filter.
pub async fn pages_follow_creation_and_id(store: &Store, env: &Env) {
    let server = created(store, env).await.id;
    let host: HostName = fresh(env, "host");
    let mut all = Vec::new();
    for index in 0..12 {
        let mut one = ended(env, server);
        // Created in another order than that of their times, four of each instant.
        one.created_at = Timestamp::from_micros(1_000 - index % 3);
        match index % 2 {
            0 => one.source_host = host.clone(),
            _ => one.dest_host = Some(host.clone()),
        }
        store.migrations().migration_create(&one).await.unwrap();
        all.push(one);
    }
    all.sort_by_key(|one| (one.created_at, one.id));
    let expected: Vec<MigrationId> = all.iter().map(|one| one.id).collect();
    let of_server = MigrationFilter {
        server: Some(server),
        ..MigrationFilter::default()
    };
    let of_host = MigrationFilter {
        host: Some(host),
        ..MigrationFilter::default()
    };
    for filter in [&of_server, &of_host] {
        for limit in [1, 2, 5, 11, 12, 13, 1000] {
            let found = ids(store, filter, limit).await;
            assert_eq!(found, expected, "in pages of {limit}");
        }
    }
    let whole = store
        .migrations()
        .migration_list(&of_host, &PageRequest::first(12).unwrap())
        .await
        .unwrap();
    assert_eq!(whole.items, all);
    assert_eq!(whole.next, None, "the last page has a marker for another");

    let mut stranger = ended(env, created(store, env).await.id);
    stranger.created_at = all[5].created_at;
    store
        .migrations()
        .migration_create(&stranger)
        .await
        .unwrap();
    let page = PageRequest::largest().after(stranger.id);
    let rest = store.migrations().migration_list(&of_server, &page).await;
    let rest: Vec<MigrationId> = rest.unwrap().items.iter().map(|one| one.id).collect();
    let later: Vec<MigrationId> = all
        .iter()
        .filter(|one| (one.created_at, one.id) > (stranger.created_at, stranger.id))
        .map(|one| one.id)
        .collect();
    assert_eq!(rest, later);
    let missing = MigrationId::generate(env);
    let page = PageRequest::largest().after(missing);
    assert_fails!(
        store.migrations().migration_list(&of_server, &page).await,
        Error::NotFound { kind: ObjectKind::Migration, id } if id == missing.to_string()
    );
}

/// While migrations are created and updated, paging neither repeats nor hides those there.
pub async fn paging_survives_concurrent_inserts(store: &Store, env: &Env) {
    let server = created(store, env).await.id;
    let filter = MigrationFilter {
        server: Some(server),
        ..MigrationFilter::default()
    };
    let mut staying = Vec::new();
    for _ in 0..12 {
        let one = ended(env, server);
        store.migrations().migration_create(&one).await.unwrap();
        staying.push((one.created_at, one.id));
    }
    staying.sort_unstable();
    let staying: Vec<MigrationId> = staying.into_iter().map(|(_, id)| id).collect();
    at_once(4, |index| {
        let (store, env, filter) = (store.clone(), env.clone(), filter.clone());
        let staying = staying.clone();
        async move {
            if index == 0 {
                for _ in 0..6 {
                    let mut seen = ids(&store, &filter, 3).await;
                    seen.retain(|id| staying.contains(id));
                    assert_eq!(seen, staying);
                }
                return;
            }
            for step in 0..6 {
                let mut passing = ended(&env, server);
                if step % 2 == 0 {
                    passing.created_at = Timestamp::from_micros(step);
                }
                store.migrations().migration_create(&passing).await.unwrap();
                passing.status = MigrationStatus::Failed;
                store.migrations().migration_update(&passing).await.unwrap();
            }
        }
    })
    .await;
}

/// A deleted server keeps its migrations; a purged one loses them, and no other does.
pub async fn purging_the_server_takes_its_migrations(store: &Store, env: &Env) {
    let (gone, other) = (created(store, env).await, created(store, env).await);
    let mut of_gone = vec![migration(env, gone.id), ended(env, gone.id)];
    for one in &of_gone {
        store.migrations().migration_create(one).await.unwrap();
    }
    let of_other = migration(env, other.id);
    store
        .migrations()
        .migration_create(&of_other)
        .await
        .unwrap();
    let gone = deleted(gone, env.now());
    let gone = store.servers().server_update(&gone).await.unwrap();
    assert_eq!(get(store, of_gone[0].id).await, of_gone[0]);
    let purged = store.servers().server_purge(gone.id, gone.generation).await;
    assert!(purged.unwrap());
    for one in &of_gone {
        assert_fails!(
            store.migrations().migration_get(one.id).await,
            Error::NotFound { .. }
        );
        assert_fails!(
            store.migrations().migration_update(one).await,
            Error::NotFound { .. }
        );
    }
    assert_eq!(get(store, of_other.id).await, of_other);
    // Neither the ids nor the server are taken any more.
    store.servers().server_create(&gone).await.unwrap();
    let filter = MigrationFilter {
        server: Some(gone.id),
        ..MigrationFilter::default()
    };
    assert!(ids(store, &filter, 10).await.is_empty());
    of_gone[0].status = MigrationStatus::Queued;
    store
        .migrations()
        .migration_create(&of_gone[0])
        .await
        .unwrap();
}

fn migration(env: &Env, server: ServerId) -> Migration {
    let new = NewMigration {
        id: MigrationId::generate(env),
        server_id: server,
        kind: MigrationKind::LiveMigration,
        source_host: fresh(env, "host"),
        dest_host: Some(fresh(env, "host")),
        old_flavor: None,
        new_flavor: None,
        request_id: RequestId::generate(env),
        user_id: fresh(env, "user"),
        project_id: fresh(env, "project"),
    };
    Migration::begin(new, env.now())
}

fn ended(env: &Env, server: ServerId) -> Migration {
    Migration {
        status: MigrationStatus::Completed,
        ..migration(env, server)
    }
}

async fn created(store: &Store, env: &Env) -> Server {
    let server = server(env);
    store.servers().server_create(&server).await.unwrap();
    server
}

async fn get(store: &Store, id: MigrationId) -> Migration {
    store.migrations().migration_get(id).await.unwrap()
}

fn widest(of: &str) -> HostName {
    of.repeat(crate::id::MAX_ID_CHARS).parse().unwrap()
}

/// The ids of all pages of so many.
async fn ids(store: &Store, filter: &MigrationFilter, limit: u32) -> Vec<MigrationId> {
    let mut ids = Vec::new();
    let mut request = PageRequest::first(limit).unwrap();
    loop {
        let page = store.migrations().migration_list(filter, &request).await;
        let page = page.unwrap();
        assert!(page.items.len() <= limit as usize, "more than {limit}");
        for one in &page.items {
            assert!(!ids.contains(&one.id), "{} is listed twice", one.id);
            ids.push(one.id);
        }
        let Some(marker) = page.next else {
            return ids;
        };
        assert_eq!(ids.last(), Some(&marker), "the marker is not the last item");
        request = request.after(marker);
    }
}

fn lets_through(filter: &MigrationFilter, one: &Migration) -> bool {
    (filter.server.is_none() || filter.server == Some(one.server_id))
        && (filter.host.is_none()
            || filter.host.as_ref() == Some(&one.source_host)
            || filter.host == one.dest_host)
        && filter
            .statuses
            .as_ref()
            .is_none_or(|statuses| statuses.contains(&one.status))
        && (filter.kind.is_none() || filter.kind == Some(one.kind))
        && (!filter.in_progress || !one.status.is_terminal())
        && (filter.project.is_none() || filter.project.as_ref() == Some(&one.project_id))
        && filter
            .changed_since
            .is_none_or(|since| one.updated_at >= since)
}
