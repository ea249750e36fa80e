//! Calls about migrations.

use nova_core::env::Timestamp;
use nova_core::model::{
    Migration, MigrationKind, MigrationProgress, MigrationStatus, NewMigration,
};
use nova_core::repository::{MigrationFilter, PageRequest, Store};
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, flavor, generation, host_name, json, migration_id, page, page_request, perhaps,
    project_id, request_id, seldom, server_id, text, time, user_id,
};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Create {
        id: u8,
        server: u8,
        status: usize,
        kind: usize,
        at: i64,
        dest: Option<u8>,
    },
    Get {
        id: u8,
    },
    Update {
        id: u8,
        wrong: bool,
        status: usize,
        at: i64,
        dest: Option<u8>,
    },
    List {
        filter: Filter,
        page: (u32, Option<u8>),
    },
}

/// The conditions of a list.
#[derive(Debug, Clone)]
pub struct Filter {
    server: Option<u8>,
    host: Option<u8>,
    project: Option<u8>,
    statuses: Option<Vec<usize>>,
    kind: Option<usize>,
    in_progress: bool,
    since: Option<i64>,
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let status = || 0..MigrationStatus::ALL.len();
    let kind = || 0..MigrationKind::ALL.len();
    let at = || 0..4_i64;
    let filter = (
        perhaps(),
        perhaps(),
        prop::option::weighted(0.2, few()),
        prop::option::of(prop::collection::vec(status(), 0..6)),
        prop::option::of(kind()),
        any::<bool>(),
        prop::option::of(at()),
    )
        .prop_map(
            |(server, host, project, statuses, kind, in_progress, since)| Filter {
                server,
                host,
                project,
                statuses,
                kind,
                in_progress,
                since,
            },
        );
    prop_oneof![
        8 => (few(), few(), status(), kind(), at(), perhaps()).prop_map(
            |(id, server, status, kind, at, dest)| Call::Create { id, server, status, kind, at, dest }
        ),
        1 => few().prop_map(|id| Call::Get { id }),
        5 => (few(), seldom(), status(), at(), perhaps()).prop_map(
            |(id, wrong, status, at, dest)| Call::Update { id, wrong, status, at, dest }
        ),
        4 => (filter, page_request()).prop_map(|(filter, page)| Call::List { filter, page }),
    ]
}

fn conditions(filter: &Filter) -> MigrationFilter {
    let statuses = filter.statuses.as_ref().map(|all| {
        all.iter()
            .map(|index| MigrationStatus::ALL[*index])
            .collect()
    });
    MigrationFilter {
        server: filter.server.map(server_id),
        host: filter.host.map(host_name),
        statuses,
        kind: filter.kind.map(|index| MigrationKind::ALL[index]),
        in_progress: filter.in_progress,
        project: filter.project.map(project_id),
        changed_since: filter.since.map(time),
    }
}

fn migration(id: u8, server: u8, kind: usize, at: i64) -> Migration {
    let new = NewMigration {
        id: migration_id(id),
        server_id: server_id(server),
        kind: MigrationKind::ALL[kind],
        source_host: host_name(id),
        dest_host: None,
        old_flavor: (id > 1).then(|| flavor(0)),
        new_flavor: (id > 1).then(|| flavor(1)),
        request_id: request_id(id),
        user_id: user_id(id),
        project_id: project_id(id),
    };
    Migration::begin(new, time(at))
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
    let migrations = store.migrations();
    match call {
        Call::Create {
            id,
            server,
            status,
            kind,
            at,
            dest,
        } => {
            let mut new = migration(*id, *server, *kind, *at);
            new.status = MigrationStatus::ALL[*status];
            new.dest_host = dest.map(host_name);
            text(migrations.migration_create(&new).await)
        }
        Call::Get { id } => text(migrations.migration_get(migration_id(*id)).await),
        Call::Update {
            id,
            wrong,
            status,
            at,
            dest,
        } => {
            let held = migrations.migration_get(migration_id(*id)).await;
            let mut written = held.unwrap_or_else(|_| migration(*id, 0, 0, *at));
            written.generation = generation(written.generation, *wrong);
            written.status = MigrationStatus::ALL[*status];
            written.dest_host = dest.map(host_name);
            written.progress = dest.map(|_| MigrationProgress::default());
            written.updated_at = time(*at);
            // Never written: ignored.
            written.created_at = now;
            text(migrations.migration_update(&written).await)
        }
        Call::List {
            filter,
            page: request,
        } => {
            let page = page(request, migration_id);
            text(migrations.migration_list(&conditions(filter), &page).await)
        }
    }
}

/// What the store holds of migrations.
pub async fn contents(store: &Store) -> Vec<String> {
    let migrations = store.migrations();
    let (filter, page) = (MigrationFilter::default(), PageRequest::largest());
    let mut all = vec![text(migrations.migration_list(&filter, &page).await)];
    for number in NUMBERS {
        all.push(json(migrations.migration_get(migration_id(number)).await));
    }
    all
}
