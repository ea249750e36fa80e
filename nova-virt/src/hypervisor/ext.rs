//! Conveniences that every driver has.

use async_trait::async_trait;

use super::{Capabilities, Hypervisor};
use crate::error::{Error, Result};
use crate::guest::GuestId;

/// What can be said with the methods of [`Hypervisor`]. Every driver has it.
#[async_trait]
pub trait HypervisorExt: Hypervisor {
    /// What the driver offers.
    fn capabilities(&self) -> Capabilities;

    /// Pauses the guest.
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) where the driver cannot; else those of
    /// [`Pause::pause`](super::Pause::pause).
    async fn pause_guest(&self, id: GuestId) -> Result<()>;

    /// Unpauses the guest.
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) where the driver cannot; else those of
    /// [`Pause::unpause`](super::Pause::unpause).
    async fn unpause_guest(&self, id: GuestId) -> Result<()>;

    /// The end of the guest's console log.
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) where the driver cannot; else those of
    /// [`ConsoleLog::console_log`](super::ConsoleLog::console_log).
    async fn read_console(&self, id: GuestId, max_bytes: usize) -> Result<Vec<u8>>;
}

#[async_trait]
impl<T: Hypervisor + ?Sized> HypervisorExt for T {
    fn capabilities(&self) -> Capabilities {
        Capabilities::of(self)
    }

    async fn pause_guest(&self, id: GuestId) -> Result<()> {
        self.pause()
            .ok_or_else(|| unsupported(self.driver(), "pause a guest"))?
            .pause(id)
            .await
    }

    async fn unpause_guest(&self, id: GuestId) -> Result<()> {
        self.pause()
            .ok_or_else(|| unsupported(self.driver(), "unpause a guest"))?
            .unpause(id)
            .await
    }

    async fn read_console(&self, id: GuestId, max_bytes: usize) -> Result<Vec<u8>> {
        let log = self
            .console_log()
            .ok_or_else(|| unsupported(self.driver(), "read a console log"))?;
        log.console_log(id, max_bytes).await
    }
}

fn unsupported(driver: &'static str, operation: &'static str) -> Error {
    Error::Unsupported { driver, operation }
}
