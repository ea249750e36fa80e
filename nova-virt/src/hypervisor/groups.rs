//! Groups of work that a driver may offer.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::Result;
use crate::guest::GuestId;

/// Halting a guest's processors while it stays in memory.
#[async_trait]
pub trait Pause: Debug + Send + Sync {
    /// Halts the guest; one that is paused is left alone.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound); [`WrongState`](crate::Error::WrongState) if it is not
    /// running.
    async fn pause(&self, id: GuestId) -> Result<()>;

    /// Lets the guest go on; one that runs is left alone.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound); [`WrongState`](crate::Error::WrongState) if it is
    /// powered off.
    async fn unpause(&self, id: GuestId) -> Result<()>;
}

/// Reading what a guest wrote to its first serial port.
#[async_trait]
pub trait ConsoleLog: Debug + Send + Sync {
    /// The last `max_bytes` bytes that the guest wrote, since it was made. They are whatever the
    /// guest chose to write: not text until somebody makes them so.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn console_log(&self, id: GuestId, max_bytes: usize) -> Result<Vec<u8>>;
}
