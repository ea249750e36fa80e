//! MySQL and MariaDB.

use sea_orm::sqlx::ConnectOptions;
use sea_orm::sqlx::mysql::MySql;
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::{DatabaseConnection, SqlxMySqlConnector};

use super::open::{MYSQL, connect, parse};
use crate::error::Result;
use crate::repository::sql::options::SqlOptions;

pub(super) async fn open(url: &str, options: &SqlOptions) -> Result<DatabaseConnection> {
    let server = parse::<MySql>(url)?.disable_statement_logging();
    let pool = PoolOptions::new().max_connections(options.max_connections);
    let pool = connect(pool, server, MYSQL, options).await?;
    Ok(SqlxMySqlConnector::from_sqlx_mysql_pool(pool))
}
