//! The connection to libvirt, and calls through it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;
use virt::connect::Connect;
use virt::error::Error;

use super::change::Heard;
use super::error::LibvirtError;
use super::event_loop;
use super::hub::Hub;
use super::subscription::Subscription;
use crate::guest::GuestId;
use crate::host::blocking;

/// How many calls go on side by side: as many as libvirt's daemon takes from one client.
const SIDE_BY_SIDE: usize = 5;

/// How often, in seconds, and how many times in vain, a daemon that is silent is asked for a sign
/// of life.
const KEEP_ALIVE: (i32, u32) = (5, 3);

/// A connection that is opened again when it was lost.
#[derive(Debug)]
pub(super) struct Link {
    shared: Arc<Shared>,
    calls: Arc<Semaphore>,
}

#[derive(Debug)]
struct Shared {
    uri: String,
    /// Whoever listens to a connection holds this one weakly, so that the news end with the link.
    hear: Arc<UnboundedSender<Heard>>,
    open: Mutex<Option<Arc<Open>>>,
}

#[derive(Debug)]
struct Open {
    connect: Connect,
    hub: Arc<Hub>,
    _subscriptions: [Subscription; 2],
}

impl Link {
    /// Connects to a libvirt with a URI that was [checked](check).
    pub(super) async fn open(
        uri: &str,
        hear: UnboundedSender<Heard>,
        deadline: Duration,
    ) -> Result<Self, LibvirtError> {
        event_loop::ensure()?;
        let shared = Shared {
            uri: uri.to_owned(),
            hear: Arc::new(hear),
            open: Mutex::new(None),
        };
        let link = Self {
            shared: Arc::new(shared),
            calls: Arc::new(Semaphore::new(SIDE_BY_SIDE)),
        };
        link.call("connect", deadline, |_| Ok(())).await?;
        Ok(link)
    }

    /// Calls libvirt, on a thread where that may block. A call that takes too long is not waited
    /// for, and not taken back either.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        what: &'static str,
        deadline: Duration,
        work: impl FnOnce(&Connect) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, LibvirtError> {
        let (shared, calls) = (Arc::clone(&self.shared), Arc::clone(&self.calls));
        let working = async move {
            let permit = calls
                .acquire_owned()
                .await
                .map_err(|_| LibvirtError::CutOff)?;
            let done = blocking::run(move || {
                // Kept until libvirt returns, whether it is still waited for or not.
                let _permit = permit;
                let open = shared.open()?;
                work(&open.connect)
            });
            done.await?
                .map_err(|error| LibvirtError::refused(what, &error))
        };
        match tokio::time::timeout(deadline, working).await {
            Ok(done) => done,
            Err(_) => Err(LibvirtError::TimedOut {
                what,
                after: deadline,
            }),
        }
    }

    /// Has the watcher look at the guest.
    pub(super) fn look(&self, id: GuestId) {
        // It ends with the driver, and not before.
        let _ = self.shared.hear.send(Heard::Look(id));
    }
}

impl Shared {
    /// The connection: the one that is there, or a new one. Blocks.
    fn open(&self) -> Result<Arc<Open>, Error> {
        // A poisoned lock here holds a whole value: it is set at once.
        let mut place = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = &*place
            && open.connect.is_alive().unwrap_or(false)
        {
            return Ok(Arc::clone(open));
        }
        let open = connect(&self.uri)?;
        open.hub.add(&self.hear);
        if place.replace(Arc::clone(&open)).is_some() {
            tracing::warn!("the connection to libvirt was lost and is there again");
            let _ = self.hear.send(Heard::Reconnected);
        }
        Ok(open)
    }
}

impl Open {
    fn new(uri: &str) -> Result<Self, Error> {
        let connect = Connect::open(Some(uri))?;
        // Not every connection has a daemon at its other end.
        let _ = connect.set_keep_alive(KEEP_ALIVE.0, KEEP_ALIVE.1);
        let hub = Arc::new(Hub::default());
        let subscriptions = [
            Subscription::lifecycle(&connect, &hub)?,
            Subscription::resets(&connect, &hub)?,
        ];
        Ok(Self {
            connect,
            hub,
            _subscriptions: subscriptions,
        })
    }
}

/// Opens a connection. To the driver that libvirt runs inside this process there is one for all,
/// and for good: it counts every opening, and takes no more than some sixteen in the life of a
/// process.
fn connect(uri: &str) -> Result<Arc<Open>, Error> {
    static EMBEDDED: Mutex<BTreeMap<String, Arc<Open>>> = Mutex::new(BTreeMap::new());
    if !uri.starts_with("qemu:///embed") {
        return Open::new(uri).map(Arc::new);
    }
    let mut embedded = EMBEDDED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(open) = embedded.get(uri) {
        return Ok(Arc::clone(open));
    }
    let open = Arc::new(Open::new(uri)?);
    embedded.insert(uri.to_owned(), Arc::clone(&open));
    Ok(open)
}

impl Drop for Link {
    fn drop(&mut self) {
        let open = self
            .shared
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Closing may block, and nobody knows on whose thread this is. Without a thread for it, it
        // is closed here.
        let closing = std::thread::Builder::new().name("libvirt-close".to_owned());
        let _ = closing.spawn(move || drop(open));
    }
}

/// Guests' files are on this machine, so libvirt must be too.
pub(super) fn check(uri: &str) -> Result<(), LibvirtError> {
    let bad = |reason| Err(LibvirtError::BadUri { reason });
    let Some((scheme, rest)) = uri.split_once("://") else {
        return bad("has no scheme");
    };
    if uri.contains('\0') {
        return bad("has a NUL character in it");
    }
    if !matches!(scheme, "qemu" | "qemu+unix") {
        return bad("is not one of QEMU on this machine");
    }
    if !rest.starts_with('/') {
        return bad("names another machine");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_qemu_will_do() {
        for good in [
            "qemu:///system",
            "qemu:///session",
            "qemu+unix:///system?socket=/s",
            "qemu:///embed?root=/x",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "qemu",
            "test:///default",
            "qemu+ssh://h/system",
            "qemu+tcp:///system",
            "qemu://h/system",
            "qemu:///x\0",
        ] {
            assert!(
                matches!(check(bad), Err(LibvirtError::BadUri { .. })),
                "{bad}"
            );
        }
    }
}
