//! What an administrator decided of a host's service.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::text_enum::text_enum;

text_enum! {
    /// Whether a service answers.
    pub enum ServiceState: "service state" {
        /// It does.
        Up = "up",
        /// It was not heard of, or was declared down.
        Down = "down",
    }
}

text_enum! {
    /// Whether new servers go to a host.
    pub enum ServiceAvailability: "service status" {
        /// They do.
        Enabled = "enabled",
        /// They do not.
        Disabled = "disabled",
    }
}

/// What an administrator decided of a host's service.
///
/// ```
/// use nova_core::model::{ServiceAvailability, ServiceStatus};
///
/// let broken = ServiceStatus::disabled("memory is replaced")?.force_down(true);
/// assert_eq!(broken.availability(), ServiceAvailability::Disabled);
/// assert!(ServiceStatus::disabled("").is_err());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawStatus", into = "RawStatus")]
pub struct ServiceStatus {
    disabled_reason: Option<String>,
    forced_down: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStatus {
    disabled_reason: Option<String>,
    forced_down: bool,
}

impl ServiceStatus {
    /// The longest reason, in characters: as in Nova.
    pub const MAX_REASON_CHARS: usize = 255;

    /// New servers go there, and whether it is down shows by itself.
    pub fn enabled() -> Self {
        Self::default()
    }

    /// No new servers go there, for this reason.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the reason is empty, longer than
    /// [`MAX_REASON_CHARS`](Self::MAX_REASON_CHARS), or has a control character in it.
    pub fn disabled(reason: impl Into<String>) -> Result<Self> {
        Self::default().disable(reason)
    }

    /// The same, but no new servers go there, for this reason.
    ///
    /// # Errors
    /// As [`disabled`](Self::disabled).
    pub fn disable(mut self, reason: impl Into<String>) -> Result<Self> {
        let reason = reason.into();
        let refuse = |why: &str| Err(Error::invalid("disabled reason", why));
        if reason.is_empty() {
            return refuse("it is empty");
        }
        if reason.len() > Self::MAX_REASON_CHARS * 4
            || reason.chars().count() > Self::MAX_REASON_CHARS
        {
            return refuse("it is longer than 255 characters");
        }
        if reason.chars().any(char::is_control) {
            return refuse("it has a control character in it");
        }
        self.disabled_reason = Some(reason);
        Ok(self)
    }

    /// The same, but new servers go there.
    #[must_use]
    pub fn enable(mut self) -> Self {
        self.disabled_reason = None;
        self
    }

    /// The same, but declared down whatever it reports, or (`false`) not.
    #[must_use]
    pub fn force_down(mut self, down: bool) -> Self {
        self.forced_down = down;
        self
    }

    /// Whether new servers go there.
    pub fn availability(&self) -> ServiceAvailability {
        match self.disabled_reason {
            Some(_) => ServiceAvailability::Disabled,
            None => ServiceAvailability::Enabled,
        }
    }

    /// Why no new servers go there; `None` while they do.
    pub fn disabled_reason(&self) -> Option<&str> {
        self.disabled_reason.as_deref()
    }

    /// Whether it was declared down, whatever it reports.
    pub fn forced_down(&self) -> bool {
        self.forced_down
    }
}

impl TryFrom<RawStatus> for ServiceStatus {
    type Error = Error;

    fn try_from(raw: RawStatus) -> Result<Self> {
        let status = Self::enabled().force_down(raw.forced_down);
        match raw.disabled_reason {
            Some(reason) => status.disable(reason),
            None => Ok(status),
        }
    }
}

impl From<ServiceStatus> for RawStatus {
    fn from(status: ServiceStatus) -> Self {
        Self {
            disabled_reason: status.disabled_reason,
            forced_down: status.forced_down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_reasons_are_refused() {
        for bad in ["", "a\nb", "\0", &"x".repeat(256)] {
            assert!(ServiceStatus::disabled(bad).is_err(), "{bad:?} passed");
        }
        let reason = "\u{1f980}".repeat(255);
        let status = ServiceStatus::disabled(&*reason).unwrap().force_down(true);
        assert_eq!(status.disabled_reason(), Some(&*reason));
        let json = serde_json::to_string(&status).unwrap();
        assert_eq!(
            serde_json::from_str::<ServiceStatus>(&json).unwrap(),
            status
        );
        let json = r#"{"disabled_reason": "", "forced_down": false}"#;
        assert!(serde_json::from_str::<ServiceStatus>(json).is_err());
        assert_eq!(status.enable(), ServiceStatus::enabled().force_down(true));
    }
}
