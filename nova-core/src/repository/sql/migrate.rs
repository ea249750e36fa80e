//! Bringing the schema up to date, by one process at a time.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};
use sea_orm_migration::MigratorTrait;

use super::migrations::Migrator;
use super::op::Op;
use super::store::SqlStore;
use crate::error::{Error, Result};

/// A number of ours among PostgreSQL's advisory locks.
const POSTGRES_LOCK: i64 = 0x6e6f_7661_5f6d_6967;
/// A lock of ours and of the database among MySQL's, which are the server's.
const MYSQL_LOCK: &str = "CONCAT('nova_', MD5(DATABASE()))";

#[derive(Debug, thiserror::Error)]
#[error("its schema has the migration `{0}`, which is newer than this version knows")]
struct NewerSchema(String);

#[derive(Debug, thiserror::Error)]
#[error("another process did not end its migration")]
struct NotUnlocked;

/// Applies the migrations that are missing. Whoever comes meanwhile waits, and then finds none.
pub(super) async fn up(store: &SqlStore) -> Result<()> {
    let op = store.op("bring its schema up to date");
    let transaction = store.begin(op).await?;
    let outcome = locked(&transaction.db, op).await;
    transaction.end(outcome).await
}

async fn locked(db: &DatabaseTransaction, op: Op) -> Result<()> {
    match db.get_database_backend() {
        // It was begun as the only writer, and changes of the schema are part of it.
        DbBackend::Sqlite => migrate(db, op).await,
        // Held until the transaction ends; changes of the schema are part of it.
        DbBackend::Postgres => {
            let lock = format!("SELECT pg_advisory_xact_lock({POSTGRES_LOCK})");
            db.execute_unprepared(&lock)
                .await
                .map_err(|error| op.failed(error))?;
            migrate(db, op).await
        }
        // Changes of the schema end a transaction, so the lock is the connection's.
        _ => {
            if mysql(db, &format!("SELECT GET_LOCK({MYSQL_LOCK}, 60)"), op).await? != Some(1) {
                return Err(Error::Store {
                    store: op.store,
                    operation: op.name,
                    transient: true,
                    source: Box::new(NotUnlocked),
                });
            }
            let outcome = migrate(db, op).await;
            mysql(db, &format!("SELECT RELEASE_LOCK({MYSQL_LOCK})"), op).await?;
            outcome
        }
    }
}

async fn migrate(db: &DatabaseTransaction, op: Op) -> Result<()> {
    let failed = |error: DbErr| op.failed(error);
    let applied = Migrator::get_migration_models(db).await.map_err(failed)?;
    let known = Migrator::migrations();
    for migration in applied {
        if !known.iter().any(|known| known.name() == migration.version) {
            return Err(op.corrupt(NewerSchema(migration.version)));
        }
    }
    Migrator::up(db, None).await.map_err(failed)
}

async fn mysql(db: &DatabaseTransaction, sql: &str, op: Op) -> Result<Option<i64>> {
    let statement = Statement::from_string(DbBackend::MySql, sql);
    let row = db
        .query_one_raw(statement)
        .await
        .map_err(|error| op.failed(error))?;
    row.map_or(Ok(None), |row| row.try_get_by_index(0))
        .map_err(|error| op.failed(error))
}
