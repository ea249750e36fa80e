//! What happened since a transport began.

use std::sync::atomic::{AtomicU64, Ordering};

/// What happened since an [`AmqpTransport`](super::AmqpTransport) began: what its log says, as
/// numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AmqpStats {
    /// Connections that were made again after a loss.
    pub reconnects: u64,
    /// Messages that could not be read, and were thrown away.
    pub rejected: u64,
    /// Requests that came a second time, and were not run again.
    pub duplicates: u64,
    /// Requests that came, or began to wait, too late, and were not begun.
    pub expired: u64,
    /// Replies that nobody waited for any more.
    pub late_replies: u64,
    /// Replies that could not be delivered.
    pub lost_replies: u64,
}

/// The same, counting.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) reconnects: Counter,
    pub(super) rejected: Counter,
    pub(super) duplicates: Counter,
    pub(super) expired: Counter,
    pub(super) late_replies: Counter,
    pub(super) lost_replies: Counter,
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn snapshot(&self) -> AmqpStats {
        AmqpStats {
            reconnects: self.reconnects.get(),
            rejected: self.rejected.get(),
            duplicates: self.duplicates.get(),
            expired: self.expired.get(),
            late_replies: self.late_replies.get(),
            lost_replies: self.lost_replies.get(),
        }
    }
}
