//! The test itself, on each database.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nova_core::Env;
use nova_core::repository::Store;
use nova_core::repository::sql::SqlStore;
use sea_orm::DbBackend;

use super::probe::Probe;
use super::rows::{analyze, fill, raw};
use super::seeds::seed;
use super::{archive, attachments, claims, history, operations, server_lists, servers, tenancy};

/// The methods of the repositories, by their declarations.
fn methods() -> BTreeSet<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/repository");
    let mut methods = BTreeSet::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let declared = text.lines().filter_map(|line| {
                let name = line.strip_prefix("    async fn ")?.split('(').next()?;
                // Of the handle, not of a repository.
                (name != "close").then(|| name.to_owned())
            });
            methods.extend(declared);
        }
    }
    assert!(methods.len() > 80, "{methods:?}");
    methods
}

/// Calls everything.
async fn check(probe: &mut Probe) {
    server_lists::check(probe).await;
    servers::check(probe).await;
    claims::check(probe).await;
    tenancy::check(probe).await;
    history::check(probe).await;
    operations::check(probe).await;
    attachments::check(probe).await;
    archive::check(probe).await;
    let called: BTreeSet<String> = probe.called.iter().map(ToString::to_string).collect();
    assert_eq!(called, methods());
}

async fn use_indexes(url: &str) {
    let (sql, env) = (SqlStore::connect(url).await.unwrap(), Env::system());
    seed(&Store::new(sql.clone()), &env).await;
    sql.close().await;
    let db = raw(url).await;
    fill(&db).await;
    let backend = db.get_database_backend();
    db.close().await.unwrap();
    let mut wrong = Vec::new();
    if backend == DbBackend::Sqlite {
        // It gathers statistics only when it is told to.
        wrong.extend(call_all(url).await);
    }
    let db = raw(url).await;
    analyze(&db).await;
    db.close().await.unwrap();
    wrong.extend(call_all(url).await);
    assert!(
        wrong.is_empty(),
        "{}\n\n{} statements",
        wrong.join("\n\n"),
        wrong.len()
    );
}

/// On new connections, which read the statistics.
async fn call_all(url: &str) -> Vec<String> {
    let sql = SqlStore::connect(url).await.unwrap();
    let db = sea_orm::Database::connect(url).await.unwrap();
    let mut probe = Probe::new(sql.clone(), &db).await;
    db.close().await.unwrap();
    check(&mut probe).await;
    sql.close().await;
    probe.end()
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_uses_indexes() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("nova.db");
    use_indexes(&format!("sqlite://{}", file.display())).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn postgres_uses_indexes() {
    let fresh = crate::stores::server::fresh("NOVA_TEST_POSTGRES_URL").await;
    use_indexes(&fresh.url).await;
    fresh.drop().await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL or MariaDB server in NOVA_TEST_MYSQL_URL"]
async fn mysql_uses_indexes() {
    let fresh = crate::stores::server::fresh("NOVA_TEST_MYSQL_URL").await;
    use_indexes(&fresh.url).await;
    fresh.drop().await;
}
