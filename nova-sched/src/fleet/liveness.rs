//! Whether a host answers.

use std::time::Duration;

use nova_core::Timestamp;
use nova_core::model::Host;
use serde::{Deserialize, Serialize};

/// Whether a host's compute service counted as up when the snapshot was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liveness {
    /// It reported lately.
    #[default]
    Up,
    /// An administrator declared it down.
    ForcedDown,
    /// Its last report is further from the time of the snapshot than it may be.
    Silent(Duration),
}

impl Liveness {
    /// Judges a host by Nova's rule: up if it is not forced down and
    /// |`now` − last report| ≤ `down_after`.
    ///
    /// The distance counts in both directions: a host whose clock runs ahead by more than
    /// `down_after` is down as well.
    pub fn of(host: &Host, now: Timestamp, down_after: Duration) -> Self {
        if host.service.forced_down() {
            return Self::ForcedDown;
        }
        let distance = now
            .duration_since(host.last_seen)
            .max(host.last_seen.duration_since(now));
        if distance > down_after {
            Self::Silent(distance)
        } else {
            Self::Up
        }
    }

    /// Whether it is up.
    pub fn is_up(self) -> bool {
        self == Self::Up
    }
}
