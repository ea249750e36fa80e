//! SQLite.

use std::sync::Arc;

use sea_orm::sqlx::ConnectOptions;
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{DatabaseConnection, SqlxSqliteConnector};

use super::open::{SQLITE, parse};
use super::pool::connect;
use crate::error::Result;
use crate::repository::sql::options::SqlOptions;
use crate::repository::sql::watch::Watch;

pub(super) async fn open(
    url: &str,
    options: &SqlOptions,
    watch: &Arc<Watch>,
) -> Result<DatabaseConnection> {
    let file: SqliteConnectOptions = parse::<Sqlite>(url)?;
    let pool = PoolOptions::new();
    let (pool, file) = if in_memory(&file) {
        // The database lives as long as its connection: one, kept for good.
        let pool = pool
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None);
        (pool, file)
    } else {
        // A mode that the URL names is obeyed.
        let file = if url.contains("mode=") {
            file
        } else {
            file.create_if_missing(true)
        };
        (
            pool.max_connections(options.max_connections)
                .min_connections(options.min_connections)
                .idle_timeout(options.idle_timeout)
                .max_lifetime(options.max_lifetime),
            file.journal_mode(SqliteJournalMode::Wal),
        )
    };
    let file = file
        .foreign_keys(true)
        .busy_timeout(options.busy_timeout)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    let watch = Arc::clone(watch);
    // A connection to a file does not break: asking whether it did before every call is waste.
    let pool = pool.test_before_acquire(false).after_connect(move |_, _| {
        watch.counters.connected();
        Box::pin(std::future::ready(Ok(())))
    });
    let pool = connect(pool, file, SQLITE, options).await?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

/// sqlx gives each database in memory a name like this.
fn in_memory(file: &SqliteConnectOptions) -> bool {
    let name = file.get_filename().to_string_lossy();
    name.is_empty() || name.contains(":memory:") || name.starts_with("file:sqlx-in-memory-")
}
