//! What stores on a database server have in common. Each test makes a database of its own.

use nova_core::repository::Store;
use nova_core::repository::sql::SqlStore;
use nova_core::{Env, Error};
use sea_orm::ConnectionTrait as _;

/// A database that nothing else uses, on the server whose URL is in an environment variable.
pub(super) struct Fresh {
    server: sea_orm::DatabaseConnection,
    name: String,
    pub(super) url: String,
}

impl Fresh {
    pub(super) async fn create(variable: &str) -> Self {
        let base = std::env::var(variable).unwrap();
        let server = sea_orm::Database::connect(&base).await.unwrap();
        let name = format!("nova_test_{}", Env::system().uuid().simple());
        server
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let url = with_database(&base, &name);
        Self { server, name, url }
    }

    /// Drops it; every store on it must be closed.
    pub(super) async fn drop(self) {
        self.server
            .execute_unprepared(&format!("DROP DATABASE {}", self.name))
            .await
            .unwrap();
    }
}

/// Twice: what one run leaves must not disturb the next.
#[cfg(feature = "conformance")]
pub(super) async fn conforms(variable: &str, name: &str) {
    let fresh = Fresh::create(variable).await;
    let sql = SqlStore::connect(&fresh.url).await.unwrap();
    let store = Store::new(sql.clone());
    assert_eq!(store.name(), name);
    for _ in 0..2 {
        nova_core::conformance::run(&store, &Env::system()).await;
    }
    sql.close().await;
    fresh.drop().await;
}

/// Ten that open a new database at once all succeed.
pub(super) async fn opens_ten_times_at_once(variable: &str) {
    let fresh = Fresh::create(variable).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let url = fresh.url.clone();
        tasks.spawn(async move { SqlStore::connect(&url).await.unwrap() });
    }
    for sql in tasks.join_all().await {
        assert!(
            Store::new(sql.clone())
                .hosts()
                .host_usages()
                .await
                .unwrap()
                .is_empty()
        );
        sql.close().await;
    }
    fresh.drop().await;
}

/// A schema of a newer version is refused, and a wrong password, which is in no error.
pub(super) async fn refuses(variable: &str) {
    let fresh = Fresh::create(variable).await;
    SqlStore::connect(&fresh.url).await.unwrap().close().await;
    let raw = sea_orm::Database::connect(&fresh.url).await.unwrap();
    raw.execute_unprepared("INSERT INTO nova_migrations VALUES ('m9999_from_the_future', 0)")
        .await
        .unwrap();
    raw.close().await.unwrap();
    let newer = SqlStore::connect(&fresh.url).await.unwrap_err();
    assert!(
        format!("{newer:?}").contains("m9999_from_the_future"),
        "{newer:?}"
    );
    assert!(!newer.retryable());

    let (scheme, rest) = fresh.url.split_once("://").unwrap();
    let (_, place) = rest.split_once('@').unwrap();
    let wrong = format!("{scheme}://nova:s3cret@{place}");
    let error = SqlStore::connect(&wrong).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Store {
                transient: false,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    fresh.drop().await;
}

/// The URL of another database on the same server.
fn with_database(url: &str, database: &str) -> String {
    let (base, parameters) = match url.split_once('?') {
        Some((base, parameters)) => (base, format!("?{parameters}")),
        None => (url, String::new()),
    };
    let path = base.find("://").map_or(0, |at| at + 3);
    let server = base[path..].find('/').map_or(base, |at| &base[..path + at]);
    format!("{server}/{database}{parameters}")
}
