//! Where the news of one connection go.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::mpsc::UnboundedSender;

use super::change::{Change, Heard};
use crate::guest::GuestId;

/// Those who want to hear what a connection tells. There is one for each driver that uses the
/// connection: libvirt calls a function only once for each connection, whoever registers it.
#[derive(Debug, Default)]
pub(super) struct Hub {
    listeners: Mutex<Vec<Weak<UnboundedSender<Heard>>>>,
}

impl Hub {
    /// Tells this one, too, for as long as it is there.
    pub(super) fn add(&self, listener: &Arc<UnboundedSender<Heard>>) {
        self.with(|listeners| listeners.push(Arc::downgrade(listener)));
    }

    /// Tells all.
    pub(super) fn tell(&self, id: GuestId, change: Change) {
        self.with(|listeners| {
            listeners.retain(|listener| {
                let there = listener.upgrade();
                there.is_some_and(|there| there.send(Heard::Change(id, change)).is_ok())
            });
        });
    }

    /// A poisoned lock here holds a whole value: no listener is changed in place.
    fn with(&self, work: impl FnOnce(&mut Vec<Weak<UnboundedSender<Heard>>>)) {
        work(
            &mut self
                .listeners
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn all_are_told_until_they_go() {
        let hub = Hub::default();
        let id = GuestId::from_uuid(uuid::Uuid::nil());
        let [(one, mut first), (other, mut second)] = [(); 2].map(|()| {
            let (sender, receiver) = mpsc::unbounded_channel();
            (Arc::new(sender), receiver)
        });
        hub.add(&one);
        hub.add(&other);
        hub.tell(id, Change::Started);
        drop(one);
        hub.tell(id, Change::Reset);
        assert!(matches!(
            first.try_recv(),
            Ok(Heard::Change(_, Change::Started))
        ));
        assert!(first.try_recv().is_err());
        assert!(matches!(
            second.try_recv(),
            Ok(Heard::Change(_, Change::Started))
        ));
        assert!(matches!(
            second.try_recv(),
            Ok(Heard::Change(_, Change::Reset))
        ));
        hub.with(|listeners| assert_eq!(listeners.len(), 1));
    }
}
