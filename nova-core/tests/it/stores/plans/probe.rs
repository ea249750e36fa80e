//! Calls of the store, of which every statement is looked at.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::future::Future;

use nova_core::repository::Store;
use nova_core::repository::sql::SqlStore;
use nova_core::{Env, Result};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

use super::explain::{Cost, Leading, cost};

/// How many rows a statement may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// It finds what it reads by an index, by what it is equal to.
    Search,
    /// The same, or it reads a range of an index.
    Range,
    /// The same, or it is a page of which most rows are: it goes through an index in the order of
    /// the page and ends when the page is full.
    Walk,
    /// It reads all rows of a table, and says why.
    All(&'static str),
}

/// The plan of a statement.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) statement: String,
    pub(super) text: String,
    pub(super) cost: Cost,
}

/// Calls a store and collects what is wrong, to show all of it at once.
pub(super) struct Probe {
    pub(super) store: Store,
    pub(super) env: Env,
    sql: SqlStore,
    backend: DbBackend,
    leading: Leading,
    /// The methods that were called.
    pub(super) called: BTreeSet<&'static str>,
    wrong: Vec<String>,
}

impl Probe {
    pub(super) async fn new(sql: SqlStore, raw: &DatabaseConnection) -> Self {
        Self {
            store: Store::new(sql.clone()),
            env: Env::system(),
            sql,
            backend: raw.get_database_backend(),
            leading: leading(raw).await,
            called: BTreeSet::new(),
            wrong: Vec::new(),
        }
    }

    /// Calls the method and holds the plan of each of its statements against the rule.
    pub(super) async fn call<T>(
        &mut self,
        method: &'static str,
        what: impl Display,
        rule: Rule,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let (result, plans) = self.plans(method, call).await;
        for plan in plans {
            let Cost {
                scans,
                walks,
                ranges,
                sorts,
            } = plan.cost;
            let too_much = match rule {
                Rule::Search => scans || walks || ranges,
                Rule::Range => scans || walks,
                Rule::Walk => scans || (walks && sorts),
                Rule::All(_) => false,
            };
            if too_much {
                self.is_wrong(format!("{method} {what}"), &plan);
            }
        }
        result
    }

    /// The same for one that must succeed.
    pub(super) async fn ok<T>(
        &mut self,
        method: &'static str,
        what: impl Display,
        rule: Rule,
        call: impl Future<Output = Result<T>>,
    ) -> T {
        let what = what.to_string();
        let result = self.call(method, &what, rule, call).await;
        result.unwrap_or_else(|error| panic!("{method} {what}: {error:?}"))
    }

    /// Calls the method and returns the plans of its statements.
    pub(super) async fn plans<T>(
        &mut self,
        method: &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> (Result<T>, Vec<Plan>) {
        self.called.insert(method);
        self.sql.record_statements();
        let result = call.await;
        let plans = self.sql.recorded_plans().await.unwrap();
        let plans = plans.into_iter().map(|(statement, text)| Plan {
            cost: cost(self.backend, &text, &self.leading),
            statement,
            text,
        });
        (result, plans.collect())
    }

    /// A plan is not as it should be.
    pub(super) fn is_wrong(&mut self, what: impl Display, plan: &Plan) {
        let Plan {
            statement, text, ..
        } = plan;
        let statement: String = statement.chars().take(2000).collect();
        self.wrong.push(format!("{what}\n{statement}\n{text}"));
    }

    /// What was wrong.
    pub(super) fn end(self) -> Vec<String> {
        self.wrong
    }
}

/// The first column of each index.
async fn leading(db: &DatabaseConnection) -> Leading {
    if db.get_database_backend() != DbBackend::Postgres {
        return Leading::new();
    }
    let indexes = "SELECT indexname::text AS name, indexdef AS definition FROM pg_indexes";
    let indexes = Statement::from_string(DbBackend::Postgres, indexes);
    let mut leading = Leading::new();
    for row in db.query_all_raw(indexes).await.unwrap() {
        let name: String = row.try_get("", "name").unwrap();
        let definition: String = row.try_get("", "definition").unwrap();
        let columns = definition.split_once('(').unwrap().1;
        let first = columns.split([',', ')', ' ']).next().unwrap();
        leading.insert(name, first.to_owned());
    }
    leading
}
