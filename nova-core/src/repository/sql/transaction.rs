//! Transactions: begun as the database needs, ended in one place, run again when they lose a race.

use std::future::Future;
use std::sync::Arc;

use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, IsolationLevel, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::OwnedSemaphorePermit;

use super::connections::Statements;
use super::op::{Op, is_lost, lost_race};
use super::retry;
use super::store::SqlStore;
use super::watch::silent;
use crate::error::Result;

/// A transaction that was begun. Dropped, as when the caller goes away, it is undone.
pub(super) struct Transaction {
    /// What statements run on.
    pub(super) db: Statements,
    op: Op,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Transaction {
    /// Commits what went well, undoes what did not.
    pub(super) async fn end<T>(self, outcome: Result<T>) -> Result<T> {
        match outcome {
            Ok(value) => {
                let op = self.op;
                let committed = match Arc::into_inner(self.db.transaction) {
                    Some(transaction) => self.db.watch.held(transaction.commit()).await,
                    // A statement that was given up on still runs.
                    None => Err(silent()),
                };
                committed.map_err(|error| op.failed(error))?;
                Ok(value)
            }
            Err(error) => {
                // On a connection that does not answer there is nothing to ask: it is let go.
                if !is_lost(&error) {
                    self.undo().await;
                }
                Err(error)
            }
        }
    }

    /// Undoes what was done.
    pub(super) async fn undo(self) {
        let Some(transaction) = Arc::into_inner(self.db.transaction) else {
            return;
        };
        // If the connection is lost, the database undoes it by itself.
        if let Err(error) = self.db.watch.held(transaction.rollback()).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "rollback failed");
        }
    }
}

impl SqlStore {
    /// Begins a transaction that writes. It sees what others committed up to each statement, as
    /// every session is told when it is connected; on SQLite it is the only one.
    pub(super) async fn begin(&self, op: Op) -> Result<Transaction> {
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let turn = self.turn().await;
        self.begin_with(options, op, turn).await
    }

    /// Begins a transaction that reads one consistent picture.
    pub(super) async fn begin_read(&self, op: Op) -> Result<Transaction> {
        // SQLite has one level only.
        let is_server = self.db.get_database_backend() != DbBackend::Sqlite;
        let isolation_level = is_server.then_some(IsolationLevel::RepeatableRead);
        let options = TransactionOptions {
            isolation_level,
            access_mode: isolation_level.map(|_| AccessMode::ReadOnly),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        };
        self.begin_with(options, op, None).await
    }

    /// Begins. If the caller goes away meanwhile, what was begun is dropped, and so undone.
    async fn begin_with(
        &self,
        options: TransactionOptions,
        op: Op,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<Transaction> {
        let (pool, watch) = (self.db.pool.clone(), Arc::clone(&self.db.watch));
        let begin = async move {
            let transaction = Arc::new(pool.begin_with_options(options).await?);
            Ok(Transaction {
                db: Statements { transaction, watch },
                op,
                _turn: turn,
            })
        };
        let begun = self.db.watch.pooled(begin).await;
        begun.map_err(|error| op.failed(error))
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
        retry::retried(&self.options, &self.db.watch.counters, lost_race, work).await
    }
}
