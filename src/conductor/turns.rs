//! One piece of work at a time for each server, and no queue of the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use nova_core::id::ServerId;
use nova_core::state::Operation;
use nova_core::{KeyedLock, KeyedLocks};

/// What somebody waits to do: an operation on a server, or just to look after it.
type What = (ServerId, Option<Operation>);

/// Whose turn it is to work on a server.
#[derive(Debug, Default)]
pub(super) struct Turns {
    locks: KeyedLocks<ServerId>,
    waiting: Arc<Mutex<BTreeSet<What>>>,
}

/// A place in the queue, given up when it is dropped.
struct Waiting {
    waiting: Arc<Mutex<BTreeSet<What>>>,
    what: What,
}

impl Turns {
    /// Waits for a turn to carry out the operation; `None` if the same already waits. That one
    /// reads the server when its turn comes, so it does whatever this one would: without this,
    /// whoever asks often enough would fill the conductor with waiting work.
    pub(super) async fn take(
        &self,
        id: ServerId,
        operation: Operation,
    ) -> Option<KeyedLock<ServerId>> {
        self.queue(id, Some(operation)).await
    }

    /// Waits for a turn to look after the server; `None` if somebody waits to do that already.
    pub(super) async fn look_after(&self, id: ServerId) -> Option<KeyedLock<ServerId>> {
        self.queue(id, None).await
    }

    async fn queue(
        &self,
        id: ServerId,
        operation: Option<Operation>,
    ) -> Option<KeyedLock<ServerId>> {
        let what = (id, operation);
        if !self
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(what)
        {
            return None;
        }
        let _waiting = Waiting {
            waiting: Arc::clone(&self.waiting),
            what,
        };
        Some(self.locks.lock(id).await)
    }

    /// Whether somebody works on the server or waits to.
    pub(super) fn is_busy(&self, id: ServerId) -> bool {
        self.locks.is_busy(&id)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.what);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_waits_once_and_what_begins_makes_room() {
        let turns = Turns::default();
        let id = ServerId::from_uuid(uuid::Uuid::nil());
        let first = turns.take(id, Operation::Delete).await.unwrap();
        // Under way is not waiting: what comes now is about the server as it will be then.
        let mut second = Box::pin(turns.take(id, Operation::Delete));
        let soon = Duration::from_secs(1);
        assert!(tokio::time::timeout(soon, &mut second).await.is_err());
        assert!(turns.take(id, Operation::Delete).await.is_none());
        assert!(
            tokio::time::timeout(soon, turns.take(id, Operation::Stop))
                .await
                .is_err()
        );
        drop(first);
        assert!(second.await.is_some());
        assert!(!turns.is_busy(id));
        assert!(turns.waiting.lock().unwrap().is_empty());
    }
}
