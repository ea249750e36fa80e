//! A qemu that runs, or ran, for a guest.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::place::QMP_SOCKET;
use super::qmp::{Client, EventReader, QmpError};
use crate::host::process::Process;

/// What the driver asked of a qemu's end. Only ever goes on, to the stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// Nothing: whatever ends it, it is not the driver.
    Nothing,
    /// The guest was asked to shut down.
    Politely,
    /// The plug is pulled.
    Off,
    /// The guest is being destroyed; its power state is no news.
    Destroyed,
}

/// A qemu process with its monitor.
#[derive(Debug)]
pub(super) struct Instance {
    /// The process.
    pub(super) process: Process,
    client: Mutex<Option<Client>>,
    asked: Mutex<Asked>,
    ended: watch::Sender<bool>,
}

impl Instance {
    /// The process, and the connection to its monitor if there is one.
    pub(super) fn new(process: Process, client: Option<Client>) -> Self {
        Self {
            process,
            client: Mutex::new(client),
            asked: Mutex::new(Asked::Nothing),
            ended: watch::Sender::new(false),
        }
    }

    /// The monitor.
    pub(super) fn client(&self) -> Result<Client, QmpError> {
        lock(&self.client).clone().ok_or(QmpError::Closed)
    }

    /// Another connection to the monitor, or none.
    pub(super) fn set_client(&self, client: Option<Client>) {
        *lock(&self.client) = client;
    }

    /// What was asked of its end.
    pub(super) fn asked(&self) -> Asked {
        *lock(&self.asked)
    }

    /// Asks for its end.
    pub(super) fn ask(&self, asked: Asked) {
        let mut before = lock(&self.asked);
        *before = asked.max(*before);
    }

    /// It has ended, and what there was to do about it is done.
    pub(super) fn conclude(&self) {
        self.ended.send_replace(true);
    }

    /// Whether it has ended and is done with.
    pub(super) fn is_concluded(&self) -> bool {
        *self.ended.borrow()
    }

    /// Waits until it has ended and is done with. Safe to cancel.
    pub(super) async fn concluded(&self) {
        // The sender lives as long as `self`, so this does not fail.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

/// A poisoned lock here holds a whole value: each is set at once.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connects to the monitor of the qemu that works in this directory.
///
/// The socket is reached through the directory's descriptor: a socket's address holds 108 bytes,
/// which a path to a guest may well exceed.
pub(super) async fn connect(
    directory: &Path,
    deadline: Duration,
) -> Result<(Client, EventReader), QmpError> {
    let open = File::open(directory).map_err(|_| QmpError::Closed)?;
    let address = format!("/proc/self/fd/{}/{QMP_SOCKET}", open.as_raw_fd());
    let stream = UnixStream::connect(address)
        .await
        .map_err(|_| QmpError::Closed)?;
    Client::handshake(stream, deadline).await
}

/// An instance and the task that watches it. Dropping this ends the watching, not the guest.
#[derive(Debug)]
pub(super) struct Watched {
    /// The instance.
    pub(super) instance: std::sync::Arc<Instance>,
    /// The task.
    pub(super) watcher: JoinHandle<()>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}
