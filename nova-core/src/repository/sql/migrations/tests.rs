//! From every earlier version to this one, with what that version had written.

use sea_orm_migration::MigratorTrait as _;
#[cfg(feature = "mysql")]
use sea_orm_migration::sea_orm::ConnectionTrait as _;
use sea_orm_migration::sea_orm::{Database, DatabaseConnection};

use super::first_rows::{check, insert, insert_count};
use super::migrator::Migrator;
use crate::repository::Store;
use crate::repository::sql::SqlStore;

/// From this many migrations on, claims count consumers.
const COUNTING: usize = 6;

async fn raw(url: &str) -> DatabaseConnection {
    Database::connect(url).await.unwrap()
}

/// Brings an empty database to the version after so many migrations, writes what the version of
/// that time wrote, and opens it with this one.
async fn from_version(count: usize, raw_url: &str, url: &str) {
    let db = raw(raw_url).await;
    Migrator::up(&db, Some(u32::try_from(count).unwrap()))
        .await
        .unwrap();
    if count > 0 {
        insert(&db).await;
    }
    if count >= COUNTING {
        insert_count(&db).await;
    }
    let applied = Migrator::get_migration_models(&db).await.unwrap();
    assert_eq!(applied.len(), count);
    db.close().await.unwrap();

    let sql = SqlStore::connect(url).await.unwrap();
    let store = Store::new(sql.clone());
    if count > 0 {
        check(&store).await;
    } else {
        assert!(store.hosts().host_usages().await.unwrap().is_empty());
    }
    sql.close().await;

    // All applied: nothing is left to do.
    let db = raw(raw_url).await;
    let pending = Migrator::get_pending_migrations(&db).await.unwrap();
    assert!(pending.is_empty());
    db.close().await.unwrap();
}

/// What a process leaves that ended just before it recorded a migration, where changes of the
/// schema are not part of a transaction: everything made, nothing recorded.
#[cfg(feature = "mysql")]
async fn unrecorded(url: &str) {
    SqlStore::connect(url).await.unwrap().close().await;
    let db = raw(url).await;
    insert(&db).await;
    db.execute_unprepared("DELETE FROM nova_migrations")
        .await
        .unwrap();
    db.close().await.unwrap();
    let sql = SqlStore::connect(url).await.unwrap();
    check(&Store::new(sql.clone())).await;
    sql.close().await;
}

fn versions() -> std::ops::RangeInclusive<usize> {
    0..=Migrator::migrations().len()
}

#[test]
fn the_names_are_in_order() {
    let names: Vec<String> = Migrator::migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect();
    assert!(names.is_sorted(), "{names:?}");
    for (index, name) in names.iter().enumerate() {
        assert!(name.starts_with(&format!("m{:04}_", index + 1)), "{name}");
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn from_every_version_in_sqlite() {
    for count in versions() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("nova.db").display());
        from_version(count, &format!("{url}?mode=rwc"), &url).await;
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn from_every_version_in_postgres() {
    for count in versions() {
        let fresh = fresh("NOVA_TEST_POSTGRES_URL").await;
        from_version(count, &fresh.url, &fresh.url).await;
        fresh.drop().await;
    }
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL or MariaDB server in NOVA_TEST_MYSQL_URL"]
async fn from_every_version_in_mysql() {
    for count in versions() {
        let fresh = fresh("NOVA_TEST_MYSQL_URL").await;
        from_version(count, &fresh.url, &fresh.url).await;
        fresh.drop().await;
    }
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL or MariaDB server in NOVA_TEST_MYSQL_URL"]
async fn what_was_made_but_not_recorded_in_mysql() {
    let fresh = fresh("NOVA_TEST_MYSQL_URL").await;
    unrecorded(&fresh.url).await;
    fresh.drop().await;
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn fresh(variable: &str) -> super::fresh::Fresh {
    let unique = crate::Env::system().uuid().simple().to_string();
    super::fresh::Fresh::create(&std::env::var(variable).unwrap(), &unique).await
}
