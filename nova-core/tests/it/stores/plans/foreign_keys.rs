//! A deletion looks for the rows that refer to what is deleted, which no plan shows: every foreign
//! key has an index that begins with its columns. The schema is the same on every database.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::repository::sql::SqlStore;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};

async fn texts(db: &DatabaseConnection, query: String, column: &str) -> Vec<String> {
    let statement = Statement::from_string(DbBackend::Sqlite, query);
    let rows = db.query_all_raw(statement).await.unwrap();
    let texts = rows.iter().map(|row| row.try_get("", column).unwrap());
    texts.collect()
}

/// The columns of each foreign key of a table.
async fn keys(db: &DatabaseConnection, table: &str) -> Vec<BTreeSet<String>> {
    let query = format!("SELECT id, \"from\" FROM pragma_foreign_key_list('{table}')");
    let statement = Statement::from_string(DbBackend::Sqlite, query);
    let mut keys: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for row in db.query_all_raw(statement).await.unwrap() {
        let key: i64 = row.try_get("", "id").unwrap();
        let column = row.try_get("", "from").unwrap();
        keys.entry(key).or_default().insert(column);
    }
    keys.into_values().collect()
}

#[tokio::test]
async fn every_foreign_key_has_an_index() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("nova.db").display());
    SqlStore::connect(&url).await.unwrap().close().await;
    let db = Database::connect(&url).await.unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'nova_%'";
    let mut checked = 0;
    for table in texts(&db, tables.to_owned(), "name").await {
        let mut indexes = Vec::new();
        let names = format!("SELECT name FROM pragma_index_list('{table}')");
        for index in texts(&db, names, "name").await {
            let columns = format!("SELECT name FROM pragma_index_info('{index}') ORDER BY seqno");
            indexes.push(texts(&db, columns, "name").await);
        }
        for key in keys(&db, &table).await {
            let begins = |index: &Vec<String>| {
                let first: BTreeSet<String> = index.iter().take(key.len()).cloned().collect();
                first == key
            };
            assert!(indexes.iter().any(begins), "{table} {key:?}: {indexes:?}");
            checked += 1;
        }
    }
    assert!(checked > 15, "{checked} foreign keys");
    db.close().await.unwrap();
}
