//! What can go wrong with the machine itself.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use nova_core::BoxError;

/// What is kept of what a program complained of.
const MESSAGE_LIMIT: usize = 4 << 10;

/// What went wrong. The drivers' own errors have a variant for each of these, by which their users
/// see it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    /// A program is not on this machine, or not in `PATH`.
    #[error("{} is not installed", program.display())]
    NotInstalled {
        /// The program.
        program: PathBuf,
    },

    /// A program ended with a failure.
    #[error("{program} failed: {output}")]
    ProgramFailed {
        /// The program.
        program: &'static str,
        /// What it said, bounded.
        output: String,
    },

    /// A program did not end in time and was killed.
    #[error("{program} did not end within {} ms", after.as_millis())]
    ProgramTimedOut {
        /// The program.
        program: &'static str,
        /// How long it was waited for.
        after: Duration,
    },

    /// A process does not end, although it was killed.
    #[error("process {pid} does not end")]
    Unkillable {
        /// The process.
        pid: i32,
    },

    /// Another driver works in this directory.
    #[error("{} is in use by another driver", directory.display())]
    DirectoryInUse {
        /// The directory.
        directory: PathBuf,
    },

    /// What was recorded of a guest cannot be read.
    #[error("{} is damaged", file.display())]
    DamagedRecord {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },

    /// The operating system refused something.
    #[error("could not {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },

    /// The task that did the work ended before it was done: the runtime is being shut down.
    #[error("the work was cut off")]
    CutOff,
}

impl HostError {
    /// For `map_err`.
    pub(super) fn io<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Io {
            what,
            source: source.into(),
        }
    }
}

/// The beginning of what was said.
pub(crate) fn bounded(said: &str) -> String {
    let said = said.trim_end();
    said[..said.floor_char_boundary(MESSAGE_LIMIT)].to_owned()
}

/// Whether what the operating system refused may succeed later, with nothing changed by hand.
pub(crate) fn transient(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        kind,
        Kind::Interrupted
            | Kind::WouldBlock
            | Kind::TimedOut
            | Kind::ResourceBusy
            | Kind::OutOfMemory
            | Kind::StorageFull
            | Kind::QuotaExceeded
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_complaints_are_cut_between_characters() {
        assert_eq!(bounded("no\n"), "no");
        let cut = bounded(&"ü".repeat(MESSAGE_LIMIT));
        assert_eq!(cut.len(), MESSAGE_LIMIT);
        assert_eq!(bounded(&format!("x{cut}")).len(), MESSAGE_LIMIT - 1);
    }
}
