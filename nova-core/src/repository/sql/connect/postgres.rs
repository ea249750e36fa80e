//! PostgreSQL.

use sea_orm::sqlx::ConnectOptions;
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::postgres::Postgres;
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};

use super::open::{POSTGRES, connect, parse};
use crate::error::Result;
use crate::repository::sql::options::SqlOptions;

pub(super) async fn open(url: &str, options: &SqlOptions) -> Result<DatabaseConnection> {
    let server = parse::<Postgres>(url)?.disable_statement_logging();
    let pool = PoolOptions::new().max_connections(options.max_connections);
    let pool = connect(pool, server, POSTGRES, options).await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}
