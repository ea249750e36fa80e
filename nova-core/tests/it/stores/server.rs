//! What stores on a database server have in common. Each test makes a database of its own.

use nova_core::repository::Store;
use nova_core::repository::sql::SqlStore;
use nova_core::{Env, Error};
use sea_orm::ConnectionTrait as _;

use crate::fresh::Fresh;

/// A database of its own on the server whose URL is in the variable.
pub(super) async fn fresh(variable: &str) -> Fresh {
    let unique = Env::system().uuid().simple().to_string();
    Fresh::create(&std::env::var(variable).unwrap(), &unique).await
}

/// Closed while it is written to, and opened again.
#[cfg(feature = "conformance")]
pub(super) async fn is_whole_after_a_restart(variable: &str) {
    use nova_core::conformance::restarts;

    let fresh = fresh(variable).await;
    let last = std::sync::Mutex::new(None);
    let open = async || {
        let sql = SqlStore::connect(&fresh.url).await.unwrap();
        *last.lock().unwrap() = Some(sql.clone());
        Store::new(sql)
    };
    restarts::a_store_that_is_closed_under_writes_is_whole(open, &Env::system()).await;
    let sql = last.lock().unwrap().take().unwrap();
    sql.close().await;
    fresh.drop().await;
}

/// Ten that open a new database at once all succeed.
pub(super) async fn opens_ten_times_at_once(variable: &str) {
    let fresh = fresh(variable).await;
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
    let fresh = fresh(variable).await;
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
