//! How an operation is to be done.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How to spawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpawnOptions {
    /// Whether the guest is started; otherwise it is made and stays powered off.
    pub start: bool,
}

impl SpawnOptions {
    /// Whether the guest is started.
    #[must_use]
    pub fn with_start(mut self, start: bool) -> Self {
        self.start = start;
        self
    }
}

impl Default for SpawnOptions {
    fn default() -> Self {
        Self { start: true }
    }
}

/// How to destroy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DestroyOptions {}

/// How to power off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerOff {
    /// At once, as by pulling the plug.
    Hard,
    /// The guest is asked to shut down (ACPI power button) and has so long before the plug is
    /// pulled.
    Graceful(Duration),
}

/// How to reboot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reboot {
    /// The guest is asked to shut down and has so long before it is powered off; then it is
    /// started.
    Soft(Duration),
    /// It is powered off at once and started.
    Hard,
}
