//! PostgreSQL.

use std::sync::Arc;

use sea_orm::sqlx::postgres::Postgres;
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};

use super::open::{POSTGRES, parse};
use super::pool::connect;
use super::server;
use crate::error::Result;
use crate::repository::sql::options::SqlOptions;
use crate::repository::sql::watch::Watch;

pub(super) async fn open(
    url: &str,
    options: &SqlOptions,
    watch: &Arc<Watch>,
) -> Result<DatabaseConnection> {
    let server = parse::<Postgres>(url)?.disable_statement_logging();
    // Not among the parameters of the start: those that pool connections refuse them there.
    let session = format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; \
         SET default_transaction_isolation = 'read committed'",
        options.statement_timeout.as_millis(),
        options.lock_timeout.as_millis()
    );
    let counted = Arc::clone(watch);
    let pool = server::pool::<Postgres>(options, watch).after_connect(move |connection, _| {
        let (session, watch) = (session.clone(), Arc::clone(&counted));
        Box::pin(async move {
            connection.execute(AssertSqlSafe(session)).await?;
            watch.counters.connected();
            Ok(())
        })
    });
    let pool = connect(pool, server, POSTGRES, options).await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}
