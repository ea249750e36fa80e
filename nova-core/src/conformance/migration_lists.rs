//! Lists of migrations: filters, order, pages.

use std::collections::BTreeSet;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, fresh};
use super::migrations::{created, ended, ids, migration};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{HostName, MigrationId, ProjectId, ServerId};
use crate::model::{Migration, MigrationKind, MigrationStatus};
use crate::repository::{MigrationFilter, PageRequest, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(migration_lists {
    filters_let_through_what_matches,
    pages_follow_creation_and_id,
    paging_survives_concurrent_inserts,
});

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
