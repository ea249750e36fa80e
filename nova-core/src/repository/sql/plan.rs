//! How the database would run a statement.

use sea_orm::{ConnectionTrait, DbBackend, QueryTrait, Statement};

use super::archive::select_archived;
use super::op::Op;
use super::server_list;
use super::server_removal::longest_deleted;
use super::store::SqlStore;
use crate::env::Timestamp;
use crate::error::Result;
use crate::id::{ProjectId, ServerId};
use crate::repository::{PageRequest, ServerFilter, ServerSort};

impl SqlStore {
    /// What the database answers to EXPLAIN for the statement that reads this page. For the tests
    /// of the indexes; it may change.
    ///
    /// # Errors
    /// Those of `server_list`.
    #[doc(hidden)]
    pub async fn server_list_plan(
        &self,
        filter: &ServerFilter,
        sort: ServerSort,
        page: &PageRequest<ServerId>,
    ) -> Result<String> {
        let op = self.op("explain a list of servers");
        let select = server_list::select(self, filter, sort, page, op).await?;
        let statement = select.build(self.db.get_database_backend());
        self.explain(&statement, op).await
    }

    /// The same for the statement that finds deleted servers to purge or archive.
    ///
    /// # Errors
    /// [`Store`](crate::Error::Store).
    #[doc(hidden)]
    pub async fn server_purge_plan(&self, before: Timestamp, limit: u32) -> Result<String> {
        let op = self.op("explain a purge of servers");
        let select = longest_deleted(before, u64::from(limit));
        let statement = select.build(self.db.get_database_backend());
        self.explain(&statement, op).await
    }

    /// The same for the statement that reads this page of the archive.
    ///
    /// # Errors
    /// Those of `archived_list`.
    #[doc(hidden)]
    pub async fn archived_list_plan(
        &self,
        project: Option<&ProjectId>,
        page: &PageRequest<ServerId>,
    ) -> Result<String> {
        let op = self.op("explain a list of archived servers");
        let select = select_archived(self, project, page, op).await?;
        let statement = select.build(self.db.get_database_backend());
        self.explain(&statement, op).await
    }

    /// What the database says it would do, a line for each step.
    pub(super) async fn explain(&self, statement: &Statement, op: Op) -> Result<String> {
        let backend = self.db.get_database_backend();
        let (explain, column) = match backend {
            DbBackend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
            DbBackend::Postgres => ("EXPLAIN", "QUERY PLAN"),
            _ => ("EXPLAIN FORMAT=JSON", "EXPLAIN"),
        };
        let explain = Statement::from_string(backend, format!("{explain} {statement}"));
        let rows = self
            .db
            .query_all_raw(explain)
            .await
            .map_err(|error| op.failed(error))?;
        let lines: Vec<String> = rows
            .iter()
            .map(|row| row.try_get("", column))
            .collect::<Result<_, _>>()
            .map_err(|error| op.failed(error))?;
        Ok(lines.join("\n"))
    }
}
