//! What came lately.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// As many as `oslo.messaging` remembers.
const LEAST: usize = 16;

/// The ids of the messages that a server took lately.
///
/// A message comes again when the connection is lost between its acknowledgement and the broker:
/// as many as are on their way at once. So many are remembered, and no fewer than Python's do.
///
/// It may come again while the first still waits for its acknowledgement to get out. Then the
/// last one counts: the way of the first is gone.
#[derive(Debug)]
pub(super) struct Recent {
    capacity: usize,
    ids: Mutex<Ids>,
}

#[derive(Debug, Default)]
struct Ids {
    known: BTreeMap<Arc<str>, State>,
    order: VecDeque<Arc<str>>,
    claims: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// By the delivery that made this claim; it is not acknowledged yet.
    Claimed(Claim),
    Taken,
}

/// That a delivery is the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim(u64);

impl Recent {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(LEAST),
            ids: Mutex::default(),
        }
    }

    /// Claims an id for a delivery, from any earlier one; `None` if the message was taken.
    pub(super) fn claim(&self, id: &Arc<str>) -> Option<Claim> {
        let mut ids = self.lock();
        if ids.known.get(id) == Some(&State::Taken) {
            return None;
        }
        ids.claims += 1;
        let claim = Claim(ids.claims);
        let state = State::Claimed(claim);
        if ids.known.insert(Arc::clone(id), state).is_none() {
            ids.order.push_back(Arc::clone(id));
        }
        if ids.order.len() > self.capacity
            && let Some(oldest) = ids.order.pop_front()
        {
            ids.known.remove(&oldest);
        }
        Some(claim)
    }

    /// Ends a claim. True if the delivery was acknowledged and still counts: it is to be run.
    pub(super) fn settle(&self, id: &Arc<str>, claim: Claim, acknowledged: bool) -> bool {
        let mut ids = self.lock();
        match ids.known.get_mut(id) {
            Some(state) if *state == State::Claimed(claim) => {
                if acknowledged {
                    *state = State::Taken;
                } else {
                    ids.known.remove(id);
                    ids.order.retain(|known| known != id);
                }
                acknowledged
            }
            // Another delivery of it counts.
            Some(_) => false,
            // Many others came meanwhile, and it was forgotten.
            None => acknowledged,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ids> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(recent: &Recent, id: &Arc<str>) -> bool {
        let claim = recent.claim(id);
        claim.is_some_and(|claim| recent.settle(id, claim, true))
    }

    #[test]
    fn the_last_are_known_and_older_ones_forgotten() {
        let recent = Recent::new(0);
        let ids: Vec<Arc<str>> = (0..=LEAST).map(|id| id.to_string().into()).collect();
        for id in &ids {
            assert!(take(&recent, id));
        }
        assert!(!take(&recent, &ids[1]));
        assert!(take(&recent, &ids[0]), "it is the seventeenth last");
    }

    #[test]
    fn of_deliveries_of_one_message_the_last_is_run_and_no_other() {
        let (recent, id) = (Recent::new(0), Arc::from("a"));
        let first = recent.claim(&id).unwrap();
        let second = recent.claim(&id).unwrap();
        assert!(!recent.settle(&id, first, true));
        assert!(recent.settle(&id, second, true));
        assert_eq!(recent.claim(&id), None);
    }

    #[test]
    fn what_was_not_acknowledged_is_run_when_it_comes_again() {
        let (recent, id) = (Recent::new(0), Arc::from("a"));
        let first = recent.claim(&id).unwrap();
        assert!(!recent.settle(&id, first, false));
        assert!(take(&recent, &id));
        assert!(!take(&recent, &id));
    }
}
