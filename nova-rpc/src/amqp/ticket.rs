//! How a message on its way is withdrawn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const WITHDRAWN: u8 = 2;

/// Of a message that waits to be sent: it is either begun or withdrawn, whatever comes first.
///
/// The sender's half. Dropping it withdraws the message.
#[derive(Debug, Default)]
pub(super) struct Ticket(Arc<AtomicU8>);

/// The other half: whoever sends must be able to [`begin`](Self::begin).
#[derive(Debug)]
pub(super) struct Stub(Arc<AtomicU8>);

impl Ticket {
    pub(super) fn stub(&self) -> Stub {
        Stub(Arc::clone(&self.0))
    }

    /// True if the message was not begun, and now never is.
    pub(super) fn withdraw(&self) -> bool {
        claim(&self.0, WITHDRAWN)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.withdraw();
    }
}

impl Stub {
    /// True if the message may be sent, and can no more be withdrawn.
    pub(super) fn begin(&self) -> bool {
        claim(&self.0, BEGUN)
    }
}

fn claim(state: &AtomicU8, claimed: u8) -> bool {
    let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
    match state.compare_exchange(WAITING, claimed, success, failure) {
        Ok(_) => true,
        Err(current) => current == claimed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_claim_stands() {
        let ticket = Ticket::default();
        assert!(ticket.stub().begin());
        assert!(!ticket.withdraw());
        let ticket = Ticket::default();
        let stub = ticket.stub();
        drop(ticket);
        assert!(!stub.begin());
    }
}
