//! libvirt's event loop: one for the process, on a thread of its own that never ends.

use std::sync::OnceLock;

use super::error::LibvirtError;

/// Starts it, if this process has none yet. It must be there before a connection is opened, or
/// that connection never tells anything.
pub(super) fn ensure() -> Result<(), LibvirtError> {
    static STARTED: OnceLock<Result<(), (u32, String)>> = OnceLock::new();
    STARTED
        .get_or_init(start)
        .clone()
        .map_err(|(code, message)| LibvirtError::Refused {
            what: "start its event loop",
            code,
            message,
        })
}

fn start() -> Result<(), (u32, String)> {
    // Otherwise every error is printed, those that are expected included.
    virt::error::clear_error_callback();
    virt::event::event_register_default_impl()
        .map_err(|error| (error.code().to_raw(), error.message().to_owned()))?;
    let thread = std::thread::Builder::new().name("libvirt-events".to_owned());
    let started = thread.spawn(|| {
        loop {
            if let Err(error) = virt::event::event_run_default_impl() {
                // Guests are still looked at from time to time.
                tracing::error!(%error, "libvirt's event loop ended");
                break;
            }
        }
    });
    match started {
        Ok(_) => Ok(()),
        Err(error) => Err((0, error.to_string())),
    }
}
