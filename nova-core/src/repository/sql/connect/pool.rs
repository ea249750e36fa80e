//! The pool, for every database.

use std::sync::Arc;

use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::{Connection, Database, Pool};
use sea_orm::{DbErr, RuntimeErr, SqlxError};
use tokio::time::{Instant, timeout_at};

use crate::error::Result;
use crate::repository::sql::op::Op;
use crate::repository::sql::options::SqlOptions;

/// Opens a pool, and its first connection, for which it waits as long as the options say.
pub(super) async fn connect<DB: Database>(
    pool: PoolOptions<DB>,
    to: <DB::Connection as Connection>::Options,
    name: &'static str,
    options: &SqlOptions,
) -> Result<Pool<DB>> {
    let op = Op {
        store: name,
        name: "connect",
    };
    let pool = pool
        .acquire_timeout(options.acquire_timeout)
        .connect_lazy_with(to);
    let deadline = Instant::now() + options.connect_timeout;
    let first = timeout_at(deadline, async {
        loop {
            match pool.acquire().await {
                Err(SqlxError::PoolTimedOut) => {}
                outcome => return outcome,
            }
        }
    });
    // Given back at once.
    match first.await.unwrap_or(Err(SqlxError::PoolTimedOut)) {
        Ok(connection) => drop(connection),
        Err(error) => {
            pool.close().await;
            return Err(op.failed(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))));
        }
    }
    Ok(pool)
}
