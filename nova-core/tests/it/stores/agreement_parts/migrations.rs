//! Calls about migrations.

use nova_core::env::Timestamp;
use nova_core::id::{HostName, ImageId, MigrationId, ServerId};
use nova_core::model::{
    Flavor, Generation, Migration, MigrationKind, MigrationStatus, NewMigration, NewServer, Server,
};
use nova_core::repository::{MigrationFilter, PageRequest, Store};
use nova_core::state::VmState;
use nova_core::units::{Gibibytes, Mebibytes};
use proptest::prelude::*;

/// A call, over few enough ids that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    /// Creates a server.
    Server { server: u8 },
    /// Creates it as deleted and purges it, or purges the one that is there.
    Purge { server: u8 },
    /// Creates a migration.
    Create {
        id: u8,
        server: u8,
        status: usize,
        kind: usize,
        at: i64,
        dest: Option<u8>,
    },
    /// Reads one.
    Get { id: u8 },
    /// Writes one.
    Update {
        id: u8,
        generation: u64,
        status: usize,
        at: i64,
        dest: Option<u8>,
    },
    /// Lists some.
    List {
        filter: Filter,
        limit: u32,
        marker: Option<u8>,
    },
}

/// The conditions of a list.
#[derive(Debug, Clone)]
pub struct Filter {
    server: Option<u8>,
    host: Option<u8>,
    statuses: Option<Vec<usize>>,
    kind: Option<usize>,
    in_progress: bool,
    since: Option<i64>,
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let id = || 0..6_u8;
    let server = || 0..3_u8;
    let host = || prop::option::of(0..3_u8);
    let status = || 0..MigrationStatus::ALL.len();
    let kind = || 0..MigrationKind::ALL.len();
    let at = || 0..4_i64;
    let filter = (
        prop::option::of(server()),
        host(),
        prop::option::of(prop::collection::vec(status(), 0..4)),
        prop::option::of(kind()),
        any::<bool>(),
        prop::option::of(at()),
    )
        .prop_map(
            |(server, host, statuses, kind, in_progress, since)| Filter {
                server,
                host,
                statuses,
                kind,
                in_progress,
                since,
            },
        );
    prop_oneof![
        2 => server().prop_map(|server| Call::Server { server }),
        1 => server().prop_map(|server| Call::Purge { server }),
        5 => (id(), server(), status(), kind(), at(), host()).prop_map(
            |(id, server, status, kind, at, dest)| Call::Create { id, server, status, kind, at, dest }
        ),
        1 => id().prop_map(|id| Call::Get { id }),
        5 => (id(), 0..3_u64, status(), at(), host()).prop_map(
            |(id, generation, status, at, dest)| Call::Update { id, generation, status, at, dest }
        ),
        4 => (filter, 1..4_u32, prop::option::of(id()))
            .prop_map(|(filter, limit, marker)| Call::List { filter, limit, marker }),
    ]
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call) -> String {
    let migrations = store.migrations();
    match call {
        Call::Server { server } => {
            text(store.servers().server_create(&self::server(*server)).await)
        }
        Call::Purge { server } => {
            let mut server = self::server(*server);
            server.vm_state = VmState::Deleted;
            server.deleted_at = Some(Timestamp::EPOCH);
            let deleted = store.servers().server_update(&server).await;
            let generation = server.generation.next();
            let purged = store.servers().server_purge(server.id, generation).await;
            text((deleted, purged))
        }
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
            new.dest_host = dest.map(host);
            text(migrations.migration_create(&new).await)
        }
        Call::Get { id } => text(migrations.migration_get(migration_id(*id)).await),
        Call::Update {
            id,
            generation,
            status,
            at,
            dest,
        } => {
            let mut written = migration(*id, 99, 0, *at);
            written.generation = Generation::new(*generation);
            written.status = MigrationStatus::ALL[*status];
            written.dest_host = dest.map(host);
            text(migrations.migration_update(&written).await)
        }
        Call::List {
            filter,
            limit,
            marker,
        } => {
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(migration_id(*marker));
            }
            text(migrations.migration_list(&conditions(filter), &page).await)
        }
    }
}

fn conditions(filter: &Filter) -> MigrationFilter {
    MigrationFilter {
        server: filter.server.map(server_id),
        host: filter.host.map(host),
        statuses: filter.statuses.as_ref().map(|all| {
            all.iter()
                .map(|index| MigrationStatus::ALL[*index])
                .collect()
        }),
        kind: filter.kind.map(|index| MigrationKind::ALL[index]),
        in_progress: filter.in_progress,
        project: None,
        changed_since: filter.since.map(Timestamp::from_micros),
    }
}

fn migration(id: u8, server: u8, kind: usize, at: i64) -> Migration {
    let new = NewMigration {
        id: migration_id(id),
        server_id: server_id(server),
        kind: MigrationKind::ALL[kind],
        source_host: host(id % 3),
        dest_host: None,
        old_flavor: None,
        new_flavor: None,
        request_id: "req-1".parse().unwrap(),
        user_id: "user".parse().unwrap(),
        project_id: "project".parse().unwrap(),
    };
    Migration::begin(new, Timestamp::from_micros(at))
}

fn host(number: u8) -> HostName {
    format!("host-{number}").parse().unwrap()
}

fn uuid(number: u8) -> uuid::Uuid {
    uuid::Uuid::from_u128(0x6d69_6772 << 64 | u128::from(number))
}

fn migration_id(number: u8) -> MigrationId {
    MigrationId::from_uuid(uuid(number))
}

fn server_id(number: u8) -> ServerId {
    ServerId::from_uuid(uuid(number))
}

fn server(number: u8) -> Server {
    let flavor = Flavor::builder(
        "f".parse().unwrap(),
        1,
        Mebibytes::new(64),
        Gibibytes::new(1),
    );
    let new = NewServer {
        id: server_id(number),
        name: "name".parse().unwrap(),
        project_id: "project".parse().unwrap(),
        user_id: "user".parse().unwrap(),
        flavor: flavor.build().unwrap(),
        image_id: ImageId::from_uuid(uuid(0)),
        availability_zone: None,
    };
    Server::begin(new, Timestamp::EPOCH)
}

fn text(answer: impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_sqlite_agree(calls in prop::collection::vec(call(), 64)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let memory = Store::new(nova_core::repository::memory::MemoryStore::new());
            let sql = nova_core::repository::sql::SqlStore::connect("sqlite::memory:").await.unwrap();
            let sqlite = Store::new(sql.clone());
            for (index, call) in calls.iter().enumerate() {
                let (one, other) = (answer(&memory, call).await, answer(&sqlite, call).await);
                prop_assert_eq!(one, other, "the answers to {:?} (call {})", call, index);
            }
            sql.close().await;
            Ok(())
        })?;
    }
}
