//! What every driver does.

use std::fmt::Debug;

use async_trait::async_trait;

use super::groups::{ConsoleLog, Pause};
use super::options::{DestroyOptions, PowerOff, Reboot, SpawnOptions};
use crate::error::Result;
use crate::event::Events;
use crate::guest::{Guest, GuestId};
use crate::inventory::HostInventory;
use crate::spec::VmSpec;

/// A host's hypervisor.
///
/// # Promises
/// * **Idempotent.** What is asked again when it is so already succeeds without effect: spawning
///   the same specification, destroying what is gone, starting what runs.
/// * **Whole or nothing.** An operation that fails has undone what it began. One whose future is
///   dropped is undone or goes on to its end in the background; either way nothing half-made
///   stays, and the next call for the same guest waits for it.
/// * **One at a time.** Operations on one guest happen one after another, on different guests
///   side by side.
/// * **Remembered.** Guests outlive the driver value and its process; a new driver on the same
///   place finds them again.
///
/// Drivers implement every method: there are no defaults to be forgotten. What is convenient but
/// can be said with these is in [`HypervisorExt`](crate::HypervisorExt).
#[async_trait]
pub trait Hypervisor: Debug + Send + Sync + 'static {
    /// The driver's name, for messages: `mock`, `qemu`, …
    fn driver(&self) -> &'static str;

    /// What the host has.
    async fn inventory(&self) -> Result<HostInventory>;

    /// Makes a guest with its disks, and starts it unless told otherwise.
    ///
    /// A guest with this id that was made from an equal specification is returned as it is.
    ///
    /// # Errors
    /// * [`Invalid`](crate::Error::Invalid): the specification does not
    ///   [validate](VmSpec::validate);
    /// * [`Image`](crate::Error::Image): a base is not there, is not as declared, or does not fit
    ///   its disk;
    /// * [`AlreadyExists`](crate::Error::AlreadyExists): another guest has this id;
    /// * [`Backend`](crate::Error::Backend), [`TimedOut`](crate::Error::TimedOut).
    async fn spawn(&self, spec: &VmSpec, options: &SpawnOptions) -> Result<Guest>;

    /// Ends a guest, whatever it is doing, and removes all that belonged to it. No guest with
    /// this id is no error.
    async fn destroy(&self, id: GuestId, options: &DestroyOptions) -> Result<()>;

    /// Starts a guest that is powered off or crashed; one that runs is left alone.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound); [`WrongState`](crate::Error::WrongState) if it is
    /// paused.
    async fn power_on(&self, id: GuestId) -> Result<()>;

    /// Powers a guest off; one that is off is left alone.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn power_off(&self, id: GuestId, mode: PowerOff) -> Result<()>;

    /// Restarts a guest from its firmware on.
    ///
    /// [`Reboot::Soft`] asks the guest to shut down and starts it again; if it does not answer in
    /// time the reboot becomes a hard one. [`Reboot::Hard`] needs nothing of the guest and starts
    /// it from whatever power state it is in.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound); for a soft reboot
    /// [`WrongState`](crate::Error::WrongState) if the guest does not run.
    async fn reboot(&self, id: GuestId, mode: Reboot) -> Result<()>;

    /// Every guest of this driver on this host, by id.
    async fn list(&self) -> Result<Vec<Guest>>;

    /// One guest.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn inspect(&self, id: GuestId) -> Result<Guest>;

    /// What happens to guests from now on.
    fn events(&self) -> Events;

    /// Halting and resuming a guest's processors, if the driver can.
    fn pause(&self) -> Option<&dyn Pause>;

    /// Reading what a guest wrote to its serial console, if the driver can.
    fn console_log(&self) -> Option<&dyn ConsoleLog>;
}
