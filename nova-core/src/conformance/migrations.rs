//! Migrations.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, flavor, fresh, server, successes};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{HostName, MigrationId, RequestId, ServerId};
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

pub(super) fn migration(env: &Env, server: ServerId) -> Migration {
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

pub(super) fn ended(env: &Env, server: ServerId) -> Migration {
    Migration {
        status: MigrationStatus::Completed,
        ..migration(env, server)
    }
}

pub(super) async fn created(store: &Store, env: &Env) -> Server {
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
pub(super) async fn ids(store: &Store, filter: &MigrationFilter, limit: u32) -> Vec<MigrationId> {
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
