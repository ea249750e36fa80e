//! What a driver offers, as data.

use serde::{Deserialize, Serialize};

use super::Hypervisor;

/// The groups of optional work that a driver offers. Derived from its accessors, so the two
/// cannot disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// [`Hypervisor::pause`].
    pub pause: bool,
    /// [`Hypervisor::console_log`].
    pub console_log: bool,
}

impl Capabilities {
    /// What this driver offers.
    pub fn of<T: Hypervisor + ?Sized>(driver: &T) -> Self {
        Self {
            pause: driver.pause().is_some(),
            console_log: driver.console_log().is_some(),
        }
    }
}
