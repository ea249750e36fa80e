//! The runs against each database.

use nova_core::repository::Store;
use nova_core::repository::sql::SqlStore;
use tokio::runtime::Runtime;

use super::runner::{compare, run};

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_agrees_with_memory() {
    let runtime = Runtime::new().unwrap();
    run(64, |calls| {
        runtime.block_on(async {
            let store = Store::new(SqlStore::connect("sqlite::memory:").await.unwrap());
            let result = compare(calls, &store).await;
            store.close().await;
            result
        })
    });
}

/// One database on a server, which is emptied before each sequence.
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server {
    use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

    use super::{Runtime, SqlStore, Store, compare, run};
    use crate::stores::server::fresh;

    fn agrees(variable: &str) {
        let runtime = Runtime::new().unwrap();
        let (fresh, store, raw) = runtime.block_on(async {
            let fresh = fresh(variable).await;
            // A statement that a full cache of MySQL's driver gives up delays the next by 40 ms.
            let and = if fresh.url.contains('?') { '&' } else { '?' };
            let url = format!("{}{and}statement-cache-capacity=2000", fresh.url);
            let store = Store::new(SqlStore::connect(&url).await.unwrap());
            // One connection, for its settings hold.
            let mut options = sea_orm::ConnectOptions::new(&fresh.url);
            options.max_connections(1);
            let raw = sea_orm::Database::connect(options).await.unwrap();
            (fresh, store, raw)
        });
        run(24, |calls| {
            runtime.block_on(async {
                empty(&raw).await;
                compare(calls, &store).await
            })
        });
        runtime.block_on(async {
            store.close().await;
            raw.close().await.unwrap();
            fresh.drop().await;
        });
    }

    /// Removes every row but those that say what the schema is.
    async fn empty(raw: &DatabaseConnection) {
        let backend = raw.get_database_backend();
        let schema = match backend {
            DbBackend::MySql => "DATABASE()",
            _ => "current_schema()",
        };
        let select = format!(
            "SELECT table_name AS name FROM information_schema.tables \
             WHERE table_schema = {schema} AND table_name LIKE 'nova%'"
        );
        let rows = raw
            .query_all_raw(Statement::from_string(backend, select))
            .await
            .unwrap();
        let names = rows
            .iter()
            .map(|row| row.try_get::<String>("", "name").unwrap());
        let names: Vec<_> = names.filter(|name| name != "nova_migrations").collect();
        assert!(names.iter().any(|name| name == "nova_servers"), "{names:?}");
        if backend == DbBackend::MySql {
            raw.execute_unprepared("SET FOREIGN_KEY_CHECKS = 0")
                .await
                .unwrap();
            for name in names {
                let delete = format!("DELETE FROM {name}");
                raw.execute_unprepared(&delete).await.unwrap();
            }
        } else {
            let truncate = format!("TRUNCATE {}", names.join(", "));
            raw.execute_unprepared(&truncate).await.unwrap();
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    #[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
    fn postgres_agrees_with_memory() {
        agrees("NOVA_TEST_POSTGRES_URL");
    }

    #[cfg(feature = "mysql")]
    #[test]
    #[ignore = "needs a MySQL or MariaDB server in NOVA_TEST_MYSQL_URL"]
    fn mysql_agrees_with_memory() {
        agrees("NOVA_TEST_MYSQL_URL");
    }
}
