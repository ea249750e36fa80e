//! What can be wrong with a trace.

use std::fmt;
use std::io;

use nova_core::id::HostName;

use crate::numa::NumaError;

/// A trace could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The reader failed.
    #[error("{file} could not be read beyond line {line}")]
    Read {
        /// Which of the files, by what is in it.
        file: &'static str,
        /// The last line that was read; 0 if none was.
        line: u64,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// A file says something that it must not.
    #[error("{file}, line {line}, column {column}: {problem}")]
    Malformed {
        /// Which of the files, by what is in it.
        file: &'static str,
        /// The line, from 1.
        line: u64,
        /// The byte in the line, from 1.
        column: u64,
        /// What is wrong there.
        problem: Problem,
    },

    /// A row of a database says something that it must not.
    #[error("{table}, row {row}, {column}: {problem}")]
    Row {
        /// The table.
        table: &'static str,
        /// The row in the order of the iterator, from 1.
        row: u64,
        /// The column.
        column: &'static str,
        /// What is wrong there.
        problem: Problem,
    },

    /// A host of the data set cannot be.
    #[error("host {host}: {problem}")]
    Host {
        /// The host.
        host: HostName,
        /// What is wrong with it.
        problem: Problem,
    },

    /// The NUMA cells of a flavor cannot be.
    #[error("flavor {flavor:?} cannot be spread over NUMA cells")]
    Numa {
        /// The flavor.
        flavor: String,
        /// Why not.
        #[source]
        source: NumaError,
    },

    /// A server names a flavor or a group that is not there.
    #[error("a server has a {what} that the trace does not have")]
    UnknownId {
        /// What was named.
        what: &'static str,
    },

    /// There are more than can be numbered.
    #[error("a trace cannot have more than 2^32 {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
    },

    /// The trace could not be written.
    #[error("the trace could not be written")]
    Write(#[source] io::Error),
}

/// What is wrong at one place of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A field is missing.
    Missing(&'static str),
    /// There is something behind the last field.
    Surplus,
    /// Another text was expected here.
    Unexpected {
        /// What was expected.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A header names a column that is not known, or is there twice.
    UnknownColumn(String),
    /// Something is named that was not declared.
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Something is declared twice.
    Twice {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Two files that belong together do not agree here.
    Mismatch(&'static str),
    /// A value of Nova's own types is refused.
    Invalid(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(f, "{what} is missing"),
            Self::Surplus => f.write_str("there is something behind the last field"),
            Self::Unexpected { expected, found } => {
                write!(f, "expected {expected}, found {found:?}")
            }
            Self::UnknownColumn(name) => write!(f, "column {name:?} is unknown or there twice"),
            Self::Unknown { what, name } => write!(f, "{what} {name:?} is not declared"),
            Self::Twice { what, name } => write!(f, "{what} {name:?} is declared twice"),
            Self::Mismatch(what) => write!(f, "the files do not agree: {what}"),
            Self::Invalid(why) => f.write_str(why),
        }
    }
}
