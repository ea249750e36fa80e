//! What a store was doing when the database failed, and whether to do it again.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlErr, SqlxError};

use crate::error::{BoxError, Error};

/// One call of the store, as errors name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Op {
    pub(super) store: &'static str,
    pub(super) name: &'static str,
}

impl Op {
    /// The error for a failure of the database.
    pub(super) fn failed(self, source: DbErr) -> Error {
        let transient = fate(&source) != Fate::Refused;
        self.error(transient, Box::new(source))
    }

    /// The error for something in the database that cannot be there.
    pub(super) fn corrupt(self, source: impl Into<BoxError>) -> Error {
        self.error(false, source.into())
    }

    /// The error for a transaction that must be run again because the data changed under it.
    pub(super) fn interrupted(self) -> Error {
        self.error(true, Box::new(Interrupted))
    }

    /// Whether it is the error that [`interrupted`](Self::interrupted) makes.
    pub(super) fn is_interrupted(self, error: &Error) -> bool {
        matches!(error, Error::Store { source, .. } if source.is::<Interrupted>())
    }

    fn error(self, transient: bool, source: BoxError) -> Error {
        Error::Store {
            store: self.store,
            operation: self.name,
            transient,
            source,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the data changed during the transaction")]
struct Interrupted;

/// Whether the failure certainly changed nothing and came from a race that another try may win.
pub(super) fn may_run_again(error: &Error) -> bool {
    let Error::Store { source, .. } = error else {
        return false;
    };
    match source.downcast_ref::<DbErr>() {
        Some(source) => fate(source) == Fate::Undone,
        None => source.is::<Interrupted>(),
    }
}

/// Whether a key was taken.
pub(super) fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// Whether a row that another refers to is not there.
pub(super) fn is_orphan(error: &DbErr) -> bool {
    matches!(
        error.sql_err(),
        Some(SqlErr::ForeignKeyConstraintViolation(_))
    )
}

/// What became of a statement that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It lost a race and was undone: the same may succeed at once.
    Undone,
    /// The database could not be reached or answered too late. Whether the statement took effect
    /// is not known; the caller may try again later.
    Lost,
    /// It will fail every time.
    Refused,
}

fn fate(error: &DbErr) -> Fate {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => Fate::Lost,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::WorkerCrashed => Fate::Lost,
            SqlxError::Database(error) => fate_of(&**error),
            _ => Fate::Refused,
        },
        _ => Fate::Refused,
    }
}

fn fate_of(error: &(dyn sea_orm::sqlx::error::DatabaseError + 'static)) -> Fate {
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sea_orm::SqlxMySqlError>() {
        return match error.number() {
            // Record changed since last read; lock wait timeout; deadlock.
            1020 | 1205 | 1213 => Fate::Undone,
            // Too many connections; server shutdown; gone away; lost during query; killed.
            1040 | 1053 | 1203 | 1927 | 2006 | 2013 => Fate::Lost,
            _ => Fate::Refused,
        };
    }
    let code = error.code().unwrap_or_default();
    #[cfg(feature = "sqlite")]
    if error
        .try_downcast_ref::<sea_orm::SqlxSqliteError>()
        .is_some()
    {
        // The low byte of an extended code is the primary one: SQLITE_BUSY, SQLITE_LOCKED.
        return match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(5 | 6) => Fate::Undone,
            _ => Fate::Refused,
        };
    }
    match &*code {
        // Serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Fate::Undone,
        // Shutdown, crash, not up yet; out of connections.
        "57P01" | "57P02" | "57P03" | "53300" => Fate::Lost,
        code if code.starts_with("08") => Fate::Lost,
        _ => Fate::Refused,
    }
}
