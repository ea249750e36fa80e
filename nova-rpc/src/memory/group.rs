//! The queue of one group of subscribers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{AcquireError, Notify, OwnedSemaphorePermit, Semaphore};

use crate::notification::{Delivery, Notification};

/// The queue that the members of a group share.
#[derive(Debug)]
pub(super) struct Group {
    queue: Mutex<VecDeque<Queued>>,
    /// One permit for each notification that may be queued or unacknowledged.
    room: Arc<Semaphore>,
    /// Wakes a member for each notification that is queued.
    arrived: Notify,
}

/// A delivery with its place in the queue, which it keeps until it is acknowledged.
#[derive(Debug)]
struct Queued {
    delivery: Delivery,
    place: OwnedSemaphorePermit,
}

impl Group {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            queue: Mutex::default(),
            room: Arc::new(Semaphore::new(capacity.clamp(1, Semaphore::MAX_PERMITS))),
            arrived: Notify::new(),
        }
    }

    /// Queues a notification when there is room; fails when the group is gone.
    pub(super) async fn push(&self, notification: Notification) -> Result<(), AcquireError> {
        let place = Arc::clone(&self.room).acquire_owned().await?;
        self.queue().push_back(Queued {
            delivery: Delivery::new(notification, false),
            place,
        });
        self.arrived.notify_one();
        Ok(())
    }

    /// Takes the next delivery. Dropping the future takes none.
    pub(super) async fn take(self: Arc<Self>) -> Unacknowledged {
        loop {
            let next = self.queue().pop_front();
            if let Some(queued) = next {
                // `notify_one` keeps one wake-up, not one for each: pass it on.
                if !self.queue().is_empty() {
                    self.arrived.notify_one();
                }
                return Unacknowledged {
                    group: self,
                    queued: Some(queued),
                };
            }
            self.arrived.notified().await;
        }
    }

    /// Ends the waiting of those who would push. Answers how many notifications are left.
    pub(super) fn close(&self) -> usize {
        self.room.close();
        self.queue().len()
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Queued>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A delivery that goes back to the head of its queue unless it is acknowledged.
pub(super) struct Unacknowledged {
    group: Arc<Group>,
    queued: Option<Queued>,
}

impl Unacknowledged {
    pub(super) fn delivery(&self) -> Option<Delivery> {
        self.queued.as_ref().map(|queued| queued.delivery.clone())
    }

    /// It is done with; its place is free.
    pub(super) fn acknowledge(mut self) {
        if let Some(Queued { delivery: _, place }) = self.queued.take() {
            drop(place);
        }
    }
}

impl Drop for Unacknowledged {
    fn drop(&mut self) {
        if let Some(mut queued) = self.queued.take() {
            queued.delivery.redelivered = true;
            self.group.queue().push_front(queued);
            self.group.arrived.notify_one();
        }
    }
}
