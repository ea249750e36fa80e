//! What went wrong and was mended, counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::fate::Race;

/// What a [`SqlStore`](super::SqlStore) met since it was opened; all of its clones count together.
/// Each number only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqlCounters {
    /// Attempts run again because the database ended them to break a deadlock.
    pub deadlocks: u64,
    /// Attempts run again because the database could not put them in an order with others
    /// (serialization failures, changed records).
    pub serializations: u64,
    /// Attempts run again because something stayed locked for longer than they may wait (SQLite's
    /// busy included).
    pub lock_timeouts: u64,
    /// Attempts run again because the store found the data changed under it.
    pub interruptions: u64,
    /// Calls whose last attempt was lost to one of the four: their transient error was returned.
    pub gave_up: u64,
    /// Statements that got no answer: the connection was lost, could not be opened, or was not
    /// to be had in time. Their transient error was returned.
    pub lost: u64,
    /// Connections opened: the first ones, and those that took the place of a closed or lost one.
    pub connections: u64,
}

impl SqlCounters {
    /// Attempts run again, for whatever cause.
    pub fn retries(&self) -> u64 {
        self.deadlocks + self.serializations + self.lock_timeouts + self.interruptions
    }
}

/// The same, while it is counted. The numbers stand for themselves: no order between them.
#[derive(Debug, Default)]
pub(super) struct Counters {
    deadlocks: AtomicU64,
    serializations: AtomicU64,
    lock_timeouts: AtomicU64,
    interruptions: AtomicU64,
    gave_up: AtomicU64,
    lost: AtomicU64,
    connections: AtomicU64,
}

impl Counters {
    pub(super) fn retried(&self, race: Race) {
        let counter = match race {
            Race::Deadlock => &self.deadlocks,
            Race::Serialization => &self.serializations,
            Race::Locked => &self.lock_timeouts,
            Race::Interrupted => &self.interruptions,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn gave_up(&self) {
        self.gave_up.fetch_add(1, Relaxed);
    }

    pub(super) fn lost(&self) {
        self.lost.fetch_add(1, Relaxed);
    }

    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> SqlCounters {
        SqlCounters {
            deadlocks: self.deadlocks.load(Relaxed),
            serializations: self.serializations.load(Relaxed),
            lock_timeouts: self.lock_timeouts.load(Relaxed),
            interruptions: self.interruptions.load(Relaxed),
            gave_up: self.gave_up.load(Relaxed),
            lost: self.lost.load(Relaxed),
            connections: self.connections.load(Relaxed),
        }
    }
}
