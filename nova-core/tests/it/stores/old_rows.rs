//! Servers that the version before wrote are read, found and written.

use nova_core::env::Timestamp;
use nova_core::id::ServerId;
use nova_core::model::{Flavor, Lock, LockedBy, Server};
use nova_core::repository::sql::SqlStore;
use nova_core::repository::{PageRequest, ServerFilter, ServerSort, Store};
use nova_core::state::{PowerState, VmState};
use nova_core::units::{Gibibytes, Mebibytes};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};

fn id() -> ServerId {
    ServerId::from_uuid(uuid::Uuid::from_u128(0x5eed))
}

fn flavor() -> Flavor {
    Flavor::builder(
        "old-\u{e4}".parse().unwrap(),
        1,
        Mebibytes::new(64),
        Gibibytes::new(1),
    )
    .extra_spec("id", "another \\ \"id\"")
    .build()
    .unwrap()
}

/// Inserts a locked server as the first schema has it.
async fn insert(db: &DatabaseConnection) {
    let id = match db.get_database_backend() {
        DbBackend::Postgres => format!("'{}'", id()),
        _ => format!("x'{}'", id().as_uuid().simple()),
    };
    let mut flavor = serde_json::to_string(&flavor()).unwrap();
    if db.get_database_backend() == DbBackend::MySql {
        flavor = flavor.replace('\\', "\\\\");
    }
    let insert = format!(
        "INSERT INTO nova_servers (id, project_id, user_id, name, flavor, image_id, \
         availability_zone, host, vm_state, task_state, power_state, locked, created_at, \
         updated_at, launched_at, deleted_at, generation) VALUES ({id}, 'p', 'u', 'Old name', \
         '{flavor}', {id}, NULL, 'h', 'active', NULL, 'running', TRUE, 1, 2, 3, NULL, 4)"
    );
    db.execute_unprepared(&insert).await.unwrap();
}

fn is_as_it_was(server: &Server) {
    assert_eq!(server.lock, Some(Lock::new(LockedBy::Owner)));
    assert_eq!(server.hostname.as_str(), "old-name");
    assert_eq!(server.flavor, flavor());
    assert_eq!(server.vm_state, VmState::Active);
    assert_eq!(server.power_state, PowerState::Running);
    assert_eq!(server.launched_at, Some(Timestamp::from_micros(3)));
    assert!(server.metadata.is_empty() && server.tags.is_empty() && server.user_data.is_none());
}

/// How many servers a list by the flavor finds.
async fn of_flavor(store: &Store) -> usize {
    let filter = ServerFilter::default().flavor(flavor().id().clone());
    let (sort, page) = (ServerSort::default(), PageRequest::largest());
    let page = store.servers().server_list(&filter, sort, &page).await;
    page.unwrap().items.len()
}

async fn are_kept(url: &str) {
    let sql = SqlStore::connect(url).await.unwrap();
    let raw = sea_orm::Database::connect(url).await.unwrap();
    insert(&raw).await;
    let store = Store::new(sql.clone());
    is_as_it_was(&store.servers().server_get(id()).await.unwrap());
    sql.close().await;

    // The migration runs again, as after one that was cut off, and finds the row.
    raw.execute_unprepared("DELETE FROM nova_migrations WHERE version = 'm0005_servers'")
        .await
        .unwrap();
    let sql = SqlStore::connect(url).await.unwrap();
    let store = Store::new(sql.clone());
    assert_eq!(of_flavor(&store).await, 1);
    let mut held = store.servers().server_get(id()).await.unwrap();
    is_as_it_was(&held);

    held.lock = Some(Lock::new(LockedBy::Admin));
    held.tags.insert("new".parse().unwrap()).unwrap();
    let held = store.servers().server_update(&held).await.unwrap();
    assert_eq!(store.servers().server_get(id()).await.unwrap(), held);

    // The version before, still at work, unlocks and locks.
    for (locked, lock) in [("FALSE", None), ("TRUE", held.lock.clone())] {
        raw.execute_unprepared(&format!("UPDATE nova_servers SET locked = {locked}"))
            .await
            .unwrap();
        assert_eq!(store.servers().server_get(id()).await.unwrap().lock, lock);
    }
    raw.close().await.unwrap();
    sql.close().await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn in_sqlite_they_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("nova.db");
    are_kept(&format!("sqlite://{}", file.display())).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn in_postgres_they_are_kept() {
    let fresh = super::server::fresh("NOVA_TEST_POSTGRES_URL").await;
    are_kept(&fresh.url).await;
    fresh.drop().await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL or MariaDB server in NOVA_TEST_MYSQL_URL"]
async fn in_mysql_they_are_kept() {
    let fresh = super::server::fresh("NOVA_TEST_MYSQL_URL").await;
    are_kept(&fresh.url).await;
    fresh.drop().await;
}
