//! Transactions: begun as the database needs, ended in one place, run again when they lose a race.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    AccessMode, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::OwnedSemaphorePermit;

use super::op::{Op, may_run_again};
use super::options::SqlOptions;
use super::store::SqlStore;
use crate::error::Result;

/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_millis(500);

/// A transaction that was begun.
pub(super) struct Transaction {
    /// What statements run on.
    pub(super) db: DatabaseTransaction,
    op: Op,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Transaction {
    /// Commits what went well, undoes what did not.
    pub(super) async fn end<T>(self, outcome: Result<T>) -> Result<T> {
        match outcome {
            Ok(value) => {
                self.db
                    .commit()
                    .await
                    .map_err(|error| self.op.failed(error))?;
                Ok(value)
            }
            Err(error) => {
                self.undo().await;
                Err(error)
            }
        }
    }

    /// Undoes what was done.
    pub(super) async fn undo(self) {
        // If the connection is lost, the database undoes it by itself.
        if let Err(error) = self.db.rollback().await {
            tracing::debug!(error = &error as &dyn std::error::Error, "rollback failed");
        }
    }
}

impl SqlStore {
    /// Begins a transaction that writes. It sees what others committed up to each statement; on
    /// SQLite it is the only one.
    pub(super) async fn begin(&self, op: Op) -> Result<Transaction> {
        let options = TransactionOptions {
            isolation_level: self.isolation(IsolationLevel::ReadCommitted),
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let turn = self.turn().await;
        self.begin_with(options, op, turn).await
    }

    /// Begins a transaction that reads one consistent picture.
    pub(super) async fn begin_read(&self, op: Op) -> Result<Transaction> {
        let isolation_level = self.isolation(IsolationLevel::RepeatableRead);
        let options = TransactionOptions {
            isolation_level,
            access_mode: isolation_level.map(|_| AccessMode::ReadOnly),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        };
        self.begin_with(options, op, None).await
    }

    /// Begins in a task of its own, which goes on if the caller goes away. For if a future of sqlx
    /// is dropped while BEGIN is under way, the connection goes back to the pool with a transaction
    /// open that nobody knows of, and swallows the writes of whoever gets it next. Dropped
    /// afterwards, a transaction is undone.
    async fn begin_with(
        &self,
        options: TransactionOptions,
        op: Op,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<Transaction> {
        let connections = self.db.clone();
        let begun = tokio::spawn(async move {
            let db = connections.begin_with_options(options).await;
            db.map(|db| Transaction {
                db,
                op,
                _turn: turn,
            })
        });
        match begun.await {
            Ok(begun) => begun.map_err(|error| op.failed(error)),
            // The runtime ends.
            Err(error) => Err(op.failed(DbErr::Custom(error.to_string()))),
        }
    }

    /// Waits for the turn to write, where writers take turns. A write of one statement holds it
    /// around the statement.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        match &self.writer {
            // The semaphore is never closed.
            Some(writer) => Arc::clone(writer).acquire_owned().await.ok(),
            None => None,
        }
    }

    /// Does the work, and again if the database undid it because of another's.
    pub(super) async fn retried<T, F>(&self, work: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        retried(&self.options, work).await
    }

    /// SQLite has one level only.
    fn isolation(&self, level: IsolationLevel) -> Option<IsolationLevel> {
        (self.db.get_database_backend() != DbBackend::Sqlite).then_some(level)
    }
}

/// Does the work, and again if the database undid it because of another's.
pub(super) async fn retried<T, F>(options: &SqlOptions, work: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut attempt = 1;
    loop {
        match work().await {
            Err(error) if attempt < options.attempts && may_run_again(&error) => {
                tracing::debug!(attempt, %error, "lost a race, trying again");
                tokio::time::sleep(pause(options, attempt)).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

/// Anything up to 10 ms, doubled with each attempt: those that met do not meet again.
fn pause(options: &SqlOptions, attempt: u32) -> Duration {
    let ceiling = Duration::from_millis(5).saturating_mul(1 << attempt.min(10));
    options
        .env
        .random_duration(Duration::ZERO, ceiling.min(MAX_PAUSE))
}
