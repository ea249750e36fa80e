//! Fills the tables, fast: each by one statement.

use std::collections::BTreeSet;

use nova_core::id::ServerId;
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement,
};

use super::sizes::{TABLES, Table};

/// The UUID that `{id: number}` stands for.
pub(super) fn uuid(number: u64) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(number) * 7_919)
}

/// The id of the server of that number.
pub(super) fn server(number: u64) -> ServerId {
    ServerId::from_uuid(uuid(number))
}

/// One connection, as fast as it can be, that takes rows in any order.
pub(super) async fn raw(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url.to_owned());
    options.max_connections(1);
    let db = Database::connect(options).await.unwrap();
    let settings: &[&str] = match db.get_database_backend() {
        DbBackend::Sqlite => &[
            "PRAGMA foreign_keys = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA journal_mode = OFF",
            "PRAGMA cache_size = -262144",
        ],
        DbBackend::Postgres => &["SET session_replication_role = replica"],
        _ => &["SET foreign_key_checks = 0, unique_checks = 0"],
    };
    for setting in settings {
        db.execute_unprepared(setting).await.unwrap();
    }
    db
}

/// Fills every table that there is, from the one row that is in each.
pub(super) async fn fill(db: &DatabaseConnection) {
    let most = TABLES.iter().map(|table| table.rows).max().unwrap();
    numbers(db, most).await;
    for table in TABLES {
        let insert = insert(db, table).await;
        let done = db.execute_unprepared(&insert).await;
        done.unwrap_or_else(|error| panic!("{insert}: {error}"));
    }
    db.execute_unprepared("DROP TABLE numbers").await.unwrap();
}

/// A table of the numbers below that one.
async fn numbers(db: &DatabaseConnection, count: u64) {
    db.execute_unprepared("CREATE TABLE numbers (n BIGINT NOT NULL PRIMARY KEY)")
        .await
        .unwrap();
    let first: Vec<String> = (0..1_000).map(|n| format!("({n})")).collect();
    let first = format!("INSERT INTO numbers VALUES {}", first.join(", "));
    db.execute_unprepared(&first).await.unwrap();
    for thousands in 1..count.div_ceil(1_000) {
        let more = format!(
            "INSERT INTO numbers SELECT n + {} FROM numbers WHERE n < 1000",
            thousands * 1_000
        );
        db.execute_unprepared(&more).await.unwrap();
    }
}

/// The statement that fills a table.
async fn insert(db: &DatabaseConnection, table: &Table) -> String {
    let backend = db.get_database_backend();
    let Table {
        name,
        rows,
        columns,
        condition,
    } = table;
    let first = Statement::from_string(backend, format!("SELECT * FROM {name} LIMIT 1"));
    let first = db.query_one_raw(first).await.unwrap();
    let first = first.unwrap_or_else(|| panic!("{name} has no row"));
    let all = first.column_names();
    let value = |column: &String| {
        let own = columns.iter().find(|(name, _)| name == column);
        own.map_or_else(|| format!("t.{column}"), |(_, value)| spell(backend, value))
    };
    for (column, _) in *columns {
        assert!(all.iter().any(|name| name == column), "{name}.{column}");
    }
    let values: Vec<String> = all.iter().map(value).collect();
    format!(
        "INSERT INTO {name} ({}) SELECT {} FROM numbers, (SELECT * FROM {name} LIMIT 1) AS t \
         WHERE n < {rows} AND {condition}",
        all.join(", "),
        values.join(", ")
    )
}

/// The expression as the database understands it.
fn spell(backend: DbBackend, expression: &str) -> String {
    let mut spelled = String::new();
    let mut rest = expression;
    while let Some((before, after)) = rest.split_once('{') {
        let (call, after) = after.split_once('}').unwrap();
        let (function, number) = call.split_once(": ").unwrap();
        spelled.push_str(before);
        spelled.push_str(&match function {
            "id" => {
                let digits = format!(
                    "CONCAT('000000000000000000000000', {})",
                    hex(backend, &format!("({number}) * 7919"))
                );
                match backend {
                    DbBackend::Postgres => format!("{digits}::uuid"),
                    _ => format!("unhex({digits})"),
                }
            }
            _ => hex(backend, number),
        });
        rest = after;
    }
    spelled + rest
}

fn hex(backend: DbBackend, number: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("printf('%08x', {number})"),
        DbBackend::Postgres => format!("lpad(to_hex({number}), 8, '0')"),
        _ => format!("lower(lpad(hex({number}), 8, '0'))"),
    }
}

/// Has the database gather statistics.
pub(super) async fn analyze(db: &DatabaseConnection) {
    let analyze = match db.get_database_backend() {
        DbBackend::MySql => {
            let tables: BTreeSet<&str> = TABLES.iter().map(|table| table.name).collect();
            let tables: Vec<&str> = tables.into_iter().collect();
            format!("ANALYZE TABLE {}", tables.join(", "))
        }
        _ => "ANALYZE".to_owned(),
    };
    db.execute_unprepared(&analyze).await.unwrap();
}
