//! What a store was doing when the database failed, and whether to do it again.

use sea_orm::{DbErr, SqlErr};

use super::fate::{Fate, Race, fate, race};
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

/// The race that a call lost, if the failure certainly changed nothing and another try may win.
pub(super) fn lost_race(error: &Error) -> Option<Race> {
    let Error::Store { source, .. } = error else {
        return None;
    };
    match source.downcast_ref::<DbErr>() {
        Some(source) => race(source),
        None => source.is::<Interrupted>().then_some(Race::Interrupted),
    }
}

/// Whether the database did not answer.
pub(super) fn is_lost(error: &Error) -> bool {
    let Error::Store { source, .. } = error else {
        return false;
    };
    let source = source.downcast_ref::<DbErr>();
    source.is_some_and(|source| fate(source) == Fate::Lost)
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
