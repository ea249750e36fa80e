//! How a conductor is set up.

use std::time::Duration;

use crate::error::{Error, Result};

/// How a conductor is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConductorConfig {
    /// The name that it listens under, unique among the conductors.
    pub name: String,
    /// On how many hosts a server is tried to be built. Nova's `max_attempts`: 3.
    pub max_attempts: u32,
    /// How often a plan is made anew because others claimed what it had found.
    pub max_plans: u32,
    /// How long a guest may take to shut down before it is powered off. Nova's
    /// `shutdown_timeout`: 60 s.
    pub shutdown_timeout: Duration,
    /// How long a scheduler may take.
    pub schedule_timeout: Duration,
    /// How long a host may take to build a guest, with the time that the build waits there for
    /// others.
    pub spawn_timeout: Duration,
    /// How long a host may take for anything else, beyond what the guest may take.
    pub operation_timeout: Duration,
    /// How often servers are looked for that are marked busy and that nobody works on, and how
    /// long one must have been so. See [`Conductor::recover`](super::Conductor::recover).
    pub recovery_interval: Duration,
    /// How long stopping waits for work under way.
    pub drain_timeout: Duration,
}

impl Default for ConductorConfig {
    fn default() -> Self {
        Self {
            name: "conductor-1".to_owned(),
            max_attempts: 3,
            max_plans: 10,
            shutdown_timeout: Duration::from_secs(60),
            schedule_timeout: Duration::from_secs(60),
            spawn_timeout: Duration::from_secs(600),
            operation_timeout: Duration::from_secs(120),
            recovery_interval: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(60),
        }
    }
}

impl ConductorConfig {
    /// How long a guest may take to shut down before it is powered off.
    #[must_use]
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// How long a host may take to build a guest.
    #[must_use]
    pub fn spawn_timeout(mut self, timeout: Duration) -> Self {
        self.spawn_timeout = timeout;
        self
    }

    /// On how many hosts a server is tried to be built.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    pub(super) fn validate(&self) -> Result<()> {
        if self.recovery_interval.is_zero() {
            return Err(Error::configuration("the recovery interval is zero"));
        }
        if self.max_attempts == 0 || self.max_plans == 0 {
            return Err(Error::configuration(
                "no server could be built: max_attempts or max_plans is 0",
            ));
        }
        Ok(())
    }
}
