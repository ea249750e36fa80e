//! How the database runs the statements of the store.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::op::Op;
use super::store::SqlStore;
use crate::error::Result;

impl SqlStore {
    /// Keeps the statements that this store and its clones run from now on, for
    /// [`recorded_plans`](Self::recorded_plans).
    #[doc(hidden)]
    pub fn record_statements(&self) {
        self.db.watch.recorder.start();
    }

    /// Ends the record and returns each statement that reads, changes or deletes rows, in the order
    /// in which they were run, with what the database answers to EXPLAIN. For the tests of the
    /// indexes; it may change.
    ///
    /// # Errors
    /// [`Store`](crate::Error::Store).
    #[doc(hidden)]
    pub async fn recorded_plans(&self) -> Result<Vec<(String, String)>> {
        let op = self.op("explain statements");
        let mut plans = Vec::new();
        for statement in self.db.watch.recorder.stop() {
            let finds_rows = ["SELECT", "UPDATE", "DELETE"]
                .iter()
                .any(|word| statement.sql.starts_with(word));
            if finds_rows {
                plans.push((statement.to_string(), self.explain(statement, op).await?));
            }
        }
        Ok(plans)
    }

    /// What the database says it would do, a line for each step.
    async fn explain(&self, statement: Statement, op: Op) -> Result<String> {
        let backend = statement.db_backend;
        let (explain, column) = match backend {
            // The values stay parameters, as when it is run.
            DbBackend::Sqlite => (
                Statement {
                    sql: format!("EXPLAIN QUERY PLAN {}", statement.sql),
                    ..statement
                },
                "detail",
            ),
            DbBackend::Postgres => (
                Statement::from_string(backend, format!("EXPLAIN {statement}")),
                "QUERY PLAN",
            ),
            _ => (
                Statement::from_string(backend, format!("EXPLAIN FORMAT=JSON {statement}")),
                "EXPLAIN",
            ),
        };
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
