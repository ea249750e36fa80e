//! What the pools of the two database servers have in common.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::SqlxError;
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::{Connection, Database};

use crate::repository::sql::options::SqlOptions;
use crate::repository::sql::watch::Watch;

/// How long a connection that is put back may take to answer, where others did not.
const PATIENCE: Duration = Duration::from_secs(1);

/// A pool of connections to a server.
pub(super) fn pool<DB: Database>(options: &SqlOptions, watch: &Arc<Watch>) -> PoolOptions<DB> {
    let watch = Arc::clone(watch);
    PoolOptions::new()
        .max_connections(options.max_connections)
        .min_connections(options.min_connections)
        .idle_timeout(options.idle_timeout)
        .max_lifetime(options.max_lifetime)
        .after_release(move |connection: &mut DB::Connection, _| {
            // The pool pings what is put back, for as long as it takes. One that does not answer
            // would keep its place until the system gives up on it, after a quarter of an hour.
            let suspicious = watch.is_suspicious();
            Box::pin(async move {
                if suspicious {
                    let answer = tokio::time::timeout(PATIENCE, connection.ping()).await;
                    answer.unwrap_or(Err(SqlxError::PoolTimedOut))?;
                }
                Ok(true)
            })
        })
}
