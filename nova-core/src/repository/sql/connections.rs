//! The pool and a transaction, as the repositories see them: under watch.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, Statement,
};

use super::fate::race;
use super::options::SqlOptions;
use super::retry::retried;
use super::watch::Watch;

/// A pool of connections. A statement on it is a transaction of its own.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    pub(super) pool: DatabaseConnection,
    pub(super) watch: Arc<Watch>,
    pub(super) options: Arc<SqlOptions>,
}

impl Connections {
    /// Reads, and again if the database undid it because of another's write. What only reads may
    /// be run again by itself; what writes is run again by its call, as a whole.
    async fn read<T, F>(&self, statement: &Statement, query: impl Fn() -> F) -> Result<T, DbErr>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DbErr>> + Send + 'static,
    {
        let watched = || self.watch.pooled(query());
        if statement.sql.starts_with("SELECT") {
            retried(&self.options, &self.watch.counters, race, watched).await
        } else {
            watched().await
        }
    }
}

#[async_trait]
impl ConnectionTrait for Connections {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.watch.recorder.note(&statement);
        let pool = self.pool.clone();
        let execute = async move { pool.execute_raw(statement).await };
        self.watch.pooled(execute).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let (pool, sql) = (self.pool.clone(), sql.to_owned());
        let execute = async move { pool.execute_unprepared(&sql).await };
        self.watch.pooled(execute).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.watch.recorder.note(&statement);
        let query = || {
            let (pool, statement) = (self.pool.clone(), statement.clone());
            async move { pool.query_one_raw(statement).await }
        };
        self.read(&statement, query).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.watch.recorder.note(&statement);
        let query = || {
            let (pool, statement) = (self.pool.clone(), statement.clone());
            async move { pool.query_all_raw(statement).await }
        };
        self.read(&statement, query).await
    }

    fn support_returning(&self) -> bool {
        self.pool.support_returning()
    }
}

/// A transaction that is open on a connection.
#[derive(Debug)]
pub(super) struct Statements {
    /// Shared with the statement that runs.
    pub(super) transaction: Arc<DatabaseTransaction>,
    pub(super) watch: Arc<Watch>,
}

#[async_trait]
impl ConnectionTrait for Statements {
    fn get_database_backend(&self) -> DbBackend {
        self.transaction.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.watch.recorder.note(&statement);
        let transaction = Arc::clone(&self.transaction);
        let execute = async move { transaction.execute_raw(statement).await };
        self.watch.held(execute).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let (transaction, sql) = (Arc::clone(&self.transaction), sql.to_owned());
        let execute = async move { transaction.execute_unprepared(&sql).await };
        self.watch.held(execute).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.watch.recorder.note(&statement);
        let transaction = Arc::clone(&self.transaction);
        let query = async move { transaction.query_one_raw(statement).await };
        self.watch.held(query).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.watch.recorder.note(&statement);
        let transaction = Arc::clone(&self.transaction);
        let query = async move { transaction.query_all_raw(statement).await };
        self.watch.held(query).await
    }

    fn support_returning(&self) -> bool {
        self.transaction.support_returning()
    }
}
