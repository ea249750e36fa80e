//! Bringing the schema up to date, by one process at a time.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, TryGetable};
use sea_orm_migration::MigratorTrait;

use super::migrations::Migrator;
use super::op::Op;
use super::store::SqlStore;
use crate::error::{Error, Result};

/// A number of ours among PostgreSQL's advisory locks.
const POSTGRES_LOCK: i64 = 0x6e6f_7661_5f6d_6967;
/// A lock of ours and of the database among MySQL's, which are the server's.
const MYSQL_LOCK: &str = "CONCAT('nova_', MD5(DATABASE()))";
/// How many seconds one process waits for another's migration, and then tries again.
const PATIENCE: u32 = 60;

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
    // Past the watch: a migration takes as long as it takes.
    let outcome = locked(&transaction.db.transaction, op).await;
    transaction.end(outcome).await
}

async fn locked(db: &DatabaseTransaction, op: Op) -> Result<()> {
    match db.get_database_backend() {
        // It was begun as the only writer, and changes of the schema are part of it.
        DbBackend::Sqlite => migrate(db, op).await,
        // Held until the transaction ends; changes of the schema are part of it.
        DbBackend::Postgres => {
            let lock = format!(
                "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{PATIENCE}s'; \
                 SELECT pg_advisory_xact_lock({POSTGRES_LOCK})"
            );
            db.execute_unprepared(&lock)
                .await
                .map_err(|error| op.failed(error))?;
            migrate(db, op).await
        }
        _ => locked_mysql(db, op).await,
    }
}

/// Changes of the schema end a transaction here, so the lock is the connection's. It goes with the
/// connection, if this process ends.
async fn locked_mysql(db: &DatabaseTransaction, op: Op) -> Result<()> {
    let limit = unlimited(db, op).await?;
    let lock = format!("SELECT GET_LOCK({MYSQL_LOCK}, {PATIENCE})");
    let outcome = match mysql::<Option<i64>>(db, &lock, op).await {
        Ok(Some(1)) => {
            let outcome = migrate(db, op).await;
            let unlock = format!("SELECT RELEASE_LOCK({MYSQL_LOCK})");
            mysql::<Option<i64>>(db, &unlock, op).await.and(outcome)
        }
        Ok(_) => Err(Error::Store {
            store: op.store,
            operation: op.name,
            transient: true,
            source: Box::new(NotUnlocked),
        }),
        Err(error) => Err(error),
    };
    if let Some((variable, limit)) = limit {
        let restore = format!("SET SESSION {variable} = {limit}");
        db.execute_unprepared(&restore)
            .await
            .map_err(|error| op.failed(error))?;
    }
    outcome
}

/// Lifts MariaDB's limit of a statement's time off the connection, and returns what it was. That
/// of MySQL does not concern changes.
async fn unlimited(db: &DatabaseTransaction, op: Op) -> Result<Option<(&'static str, f64)>> {
    let version: String = mysql(db, "SELECT VERSION()", op).await?;
    if !version.contains("MariaDB") {
        return Ok(None);
    }
    let variable = "max_statement_time";
    let limit: f64 = mysql(db, "SELECT CAST(@@max_statement_time AS DOUBLE)", op).await?;
    db.execute_unprepared(&format!("SET SESSION {variable} = 0"))
        .await
        .map_err(|error| op.failed(error))?;
    Ok(Some((variable, limit)))
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

/// The one value that a query gives.
async fn mysql<T: TryGetable>(db: &DatabaseTransaction, sql: &str, op: Op) -> Result<T> {
    let statement = Statement::from_string(DbBackend::MySql, sql);
    let row = db.query_one_raw(statement).await;
    let row = row.and_then(|row| row.ok_or(DbErr::RecordNotFound(sql.to_owned())));
    row.and_then(|row| row.try_get_by_index(0))
        .map_err(|error| op.failed(error))
}
