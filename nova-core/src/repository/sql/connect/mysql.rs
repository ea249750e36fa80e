//! MySQL and MariaDB.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::mysql::MySql;
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row};
use sea_orm::{DatabaseConnection, SqlxMySqlConnector};

use super::open::{MYSQL, parse};
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
    let server = parse::<MySql>(url)?.disable_statement_logging();
    let (statement, lock) = (options.statement_timeout, options.lock_timeout);
    let counted = Arc::clone(watch);
    let pool = server::pool::<MySql>(options, watch).after_connect(move |connection, _| {
        let watch = Arc::clone(&counted);
        Box::pin(async move {
            let version = connection.fetch_one("SELECT VERSION()").await?;
            let version: String = version.try_get(0)?;
            let session = session(&version, statement, lock);
            connection.execute(AssertSqlSafe(session)).await?;
            watch.counters.connected();
            Ok(())
        })
    });
    let pool = connect(pool, server, MYSQL, options).await?;
    Ok(SqlxMySqlConnector::from_sqlx_mysql_pool(pool))
}

/// What each connection begins with. MariaDB counts a statement's time in seconds, MySQL in
/// milliseconds; both count that of a lock in whole seconds.
fn session(version: &str, statement: Duration, lock: Duration) -> String {
    let statement = match version.contains("MariaDB") {
        true => format!("max_statement_time = {:.3}", statement.as_secs_f64()),
        false => format!("max_execution_time = {}", statement.as_millis()),
    };
    let lock = lock.as_millis().div_ceil(1000);
    format!(
        "SET SESSION {statement}, innodb_lock_wait_timeout = {lock}, lock_wait_timeout = {lock}; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gets_its_own_unit() {
        let (statement, lock) = (Duration::from_millis(1500), Duration::from_millis(1001));
        assert_eq!(
            session("10.11.6-MariaDB-log", statement, lock),
            "SET SESSION max_statement_time = 1.500, innodb_lock_wait_timeout = 2, lock_wait_timeout = 2; \
             SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
        );
        assert_eq!(
            session("8.4.0", statement, lock),
            "SET SESSION max_execution_time = 1500, innodb_lock_wait_timeout = 2, lock_wait_timeout = 2; \
             SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
        );
    }
}
