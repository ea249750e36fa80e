//! URLs that cannot be opened: typed errors, in which no password is.

use nova_core::Error;
use nova_core::repository::sql::{SqlOptions, SqlStore};

async fn refused(url: &str) -> Error {
    let short = SqlOptions::default().connect_timeout(std::time::Duration::from_millis(300));
    let error = SqlStore::connect_with(url, &short).await.unwrap_err();
    let mut text = format!("{error:?} {error}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text.push_str(&format!(" {cause:?} {cause}"));
        source = cause.source();
    }
    assert!(!text.contains("s3cret"), "{text}");
    error
}

#[tokio::test]
async fn a_url_that_makes_no_sense_is_invalid() {
    for url in [
        "",
        "nova.db",
        "mongodb://user:s3cret@host/db",
        "s3cret",
        "postgres://user:s3cret@host:port/db",
        "postgres://user:s3cret@host/db?sslmode=s3cret",
        "mysql://user:s3cret@host:99999/db",
        "mysql://user:s3cret@[host/db",
        "sqlite://file?mode=s3cret",
    ] {
        let error = refused(url).await;
        assert!(
            matches!(
                error,
                Error::Invalid {
                    field: "store URL",
                    ..
                }
            ),
            "{url}: {error:?}"
        );
    }
}

#[tokio::test]
async fn options_that_make_no_sense_are_invalid() {
    for options in [
        SqlOptions::default().max_connections(0),
        SqlOptions::default().attempts(0),
        SqlOptions::default().acquire_timeout(std::time::Duration::ZERO),
    ] {
        let error = SqlStore::connect_with("sqlite::memory:", &options)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_postgres_that_is_not_there_is_transient() {
    let error = refused("postgres://user:s3cret@127.0.0.1:1/db").await;
    assert!(
        matches!(
            error,
            Error::Store {
                store: "postgres",
                transient: true,
                ..
            }
        ),
        "{error:?}"
    );
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn a_mysql_that_is_not_there_is_transient() {
    let error = refused("mysql://user:s3cret@127.0.0.1:1/db").await;
    assert!(
        matches!(
            error,
            Error::Store {
                store: "mysql",
                transient: true,
                ..
            }
        ),
        "{error:?}"
    );
}

#[cfg(not(feature = "postgres"))]
#[tokio::test]
async fn a_database_whose_feature_is_off_is_invalid() {
    let error = refused("postgres://user:s3cret@host/db").await;
    assert_eq!(
        error.to_string(),
        "invalid store URL: nova-core was built without its feature `postgres`"
    );
}
