//! What the pools of the two database servers have in common.

use std::io::ErrorKind;
use std::sync::Arc;

use sea_orm::SqlxError;
use sea_orm::sqlx::Database;
use sea_orm::sqlx::pool::PoolOptions;

use crate::repository::sql::options::SqlOptions;
use crate::repository::sql::watch::Watch;

/// A pool of connections to a server.
pub(super) fn pool<DB: Database>(options: &SqlOptions, watch: &Arc<Watch>) -> PoolOptions<DB> {
    let watch = Arc::clone(watch);
    PoolOptions::new()
        .max_connections(options.max_connections)
        .min_connections(options.min_connections)
        .idle_timeout(options.idle_timeout)
        .max_lifetime(options.max_lifetime)
        .after_release(move |_, _| {
            // The pool pings what is put back, for as long as it takes. One that does not answer
            // would keep its place until the system gives up on it, after a quarter of an hour.
            let outcome = match watch.is_suspicious() {
                true => Err(SqlxError::Io(ErrorKind::TimedOut.into())),
                false => Ok(true),
            };
            Box::pin(std::future::ready(outcome))
        })
}
