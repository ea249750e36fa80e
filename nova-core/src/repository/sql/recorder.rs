//! Which statements a store ran.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::Statement;

/// Keeps the statements that are run while it is on. Off, it costs the reading of a flag.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    on: AtomicBool,
    statements: Mutex<Vec<Statement>>,
}

impl Recorder {
    /// Keeps those that are run from now on.
    pub(super) fn start(&self) {
        self.statements().clear();
        self.on.store(true, Ordering::Relaxed);
    }

    /// Hands over those that were kept, in the order in which they were run.
    pub(super) fn stop(&self) -> Vec<Statement> {
        self.on.store(false, Ordering::Relaxed);
        std::mem::take(&mut *self.statements())
    }

    /// A statement is run.
    pub(super) fn note(&self, statement: &Statement) {
        if self.on.load(Ordering::Relaxed) {
            self.statements().push(statement.clone());
        }
    }

    fn statements(&self) -> MutexGuard<'_, Vec<Statement>> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
