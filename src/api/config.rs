//! How an API is set up.

use std::time::Duration;

use nova_core::model::Host;

/// How an API is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiConfig {
    /// How long a call to a scheduler or a host may take, and how long a conductor may take to
    /// accept work.
    pub call_timeout: Duration,
    /// How long work that was handed to a conductor may wait until it is begun. Work that was
    /// not begun by then is dropped, and taken up by the next recovery.
    pub work_timeout: Duration,
    /// A host that was silent for longer counts as down.
    pub down_after: Duration,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(60),
            work_timeout: Duration::from_secs(24 * 3600),
            down_after: Host::DEFAULT_DOWN_AFTER,
        }
    }
}
