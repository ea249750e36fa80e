//! What became of a statement that failed.

use std::io::ErrorKind;

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlxError};

/// What became of a statement that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It lost a race and was undone, and its transaction with it: the same may succeed at once.
    Undone(Race),
    /// It took too long and was undone: the same may succeed later.
    Late,
    /// The database could not be reached or did not answer. Whether the statement took effect is
    /// not known; the caller may try again later.
    Lost,
    /// It will fail every time.
    Refused,
}

/// How a race was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Race {
    /// The database broke a circle of waiting.
    Deadlock,
    /// The database found no order in which to run it with others.
    Serialization,
    /// Something stayed locked.
    Locked,
    /// The store found the data changed.
    Interrupted,
}

impl Race {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Deadlock => "deadlock",
            Self::Serialization => "serialization",
            Self::Locked => "locked",
            Self::Interrupted => "interrupted",
        }
    }
}

pub(super) fn fate(error: &DbErr) -> Fate {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => Fate::Lost,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            // How TLS says that it does not believe the other side.
            SqlxError::Io(error) if error.kind() == ErrorKind::InvalidData => Fate::Refused,
            SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::WorkerCrashed => Fate::Lost,
            SqlxError::Database(error) => fate_of(&**error),
            _ => Fate::Refused,
        },
        _ => Fate::Refused,
    }
}

/// The race that a statement lost, if that is why it failed.
pub(super) fn race(error: &DbErr) -> Option<Race> {
    match fate(error) {
        Fate::Undone(race) => Some(race),
        Fate::Late | Fate::Lost | Fate::Refused => None,
    }
}

fn fate_of(error: &(dyn sea_orm::sqlx::error::DatabaseError + 'static)) -> Fate {
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sea_orm::SqlxMySqlError>() {
        return fate_of_mysql(error.number());
    }
    let code = error.code().unwrap_or_default();
    #[cfg(feature = "sqlite")]
    if error
        .try_downcast_ref::<sea_orm::SqlxSqliteError>()
        .is_some()
    {
        return fate_of_sqlite(&code);
    }
    fate_of_postgres(&code)
}

#[cfg(feature = "mysql")]
fn fate_of_mysql(number: u16) -> Fate {
    match number {
        1213 => Fate::Undone(Race::Deadlock),
        // Record, or definition of a table, changed since last read.
        1020 | 1412 => Fate::Undone(Race::Serialization),
        1205 => Fate::Undone(Race::Locked),
        // Interrupted; the time for a statement exceeded (MariaDB, MySQL).
        1317 | 1969 | 3024 => Fate::Late,
        // Too many connections (of all, of a user); server shutdown; aborted connection; network
        // errors; killed; gone away; lost during query; closed for idleness.
        1040 | 1203 | 1053 | 1152 | 1158..=1161 | 1927 | 2006 | 2013 | 4031 => Fate::Lost,
        _ => Fate::Refused,
    }
}

#[cfg(feature = "sqlite")]
fn fate_of_sqlite(code: &str) -> Fate {
    // The low byte of an extended code is the primary one: SQLITE_BUSY, SQLITE_LOCKED.
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6) => Fate::Undone(Race::Locked),
        _ => Fate::Refused,
    }
}

fn fate_of_postgres(code: &str) -> Fate {
    match code {
        "40P01" => Fate::Undone(Race::Deadlock),
        "40001" => Fate::Undone(Race::Serialization),
        "55P03" => Fate::Undone(Race::Locked),
        // Canceled, as when the time for a statement is over.
        "57014" => Fate::Late,
        // Shutdown, crash, not up yet, closed for idleness (in a transaction, outside); out of
        // connections.
        "57P01" | "57P02" | "57P03" | "25P03" | "57P05" | "53300" => Fate::Lost,
        code if code.starts_with("08") => Fate::Lost,
        _ => Fate::Refused,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_distrusted_server_is_refused_and_a_silent_one_lost() {
        let io = |kind: ErrorKind| {
            fate(&DbErr::Conn(RuntimeErr::SqlxError(Arc::new(
                SqlxError::Io(kind.into()),
            ))))
        };
        assert_eq!(io(ErrorKind::InvalidData), Fate::Refused);
        assert_eq!(io(ErrorKind::TimedOut), Fate::Lost);
        assert_eq!(io(ErrorKind::ConnectionReset), Fate::Lost);
        assert_eq!(fate(&DbErr::Custom(String::new())), Fate::Refused);
    }

    #[test]
    fn codes_are_told_apart() {
        assert_eq!(fate_of_postgres("40P01"), Fate::Undone(Race::Deadlock));
        assert_eq!(fate_of_postgres("57014"), Fate::Late);
        assert_eq!(fate_of_postgres("08006"), Fate::Lost);
        assert_eq!(fate_of_postgres("23505"), Fate::Refused);
        #[cfg(feature = "mysql")]
        {
            assert_eq!(fate_of_mysql(1020), Fate::Undone(Race::Serialization));
            assert_eq!(fate_of_mysql(1969), Fate::Late);
            assert_eq!(fate_of_mysql(2013), Fate::Lost);
            assert_eq!(fate_of_mysql(1062), Fate::Refused);
        }
        #[cfg(feature = "sqlite")]
        {
            assert_eq!(fate_of_sqlite("5"), Fate::Undone(Race::Locked));
            // SQLITE_BUSY_SNAPSHOT.
            assert_eq!(fate_of_sqlite("517"), Fate::Undone(Race::Locked));
            assert_eq!(fate_of_sqlite("2067"), Fate::Refused);
        }
    }
}
