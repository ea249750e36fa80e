//! Locks on servers.

use serde::{Deserialize, Serialize};

use super::bounded_text::{bounded_text, lines};
use crate::text_enum::text_enum;

text_enum! {
    /// Who locked a server (Nova's `locked_by`).
    pub enum LockedBy: "locked by" {
        /// A user of its project.
        Owner = "owner",
        /// An administrator; only one of them may unlock it.
        Admin = "admin",
    }
}

bounded_text!(
    /// Why a server was locked: 1 to 255 characters, none of them a control character other than
    /// a line end or a tab.
    LockReason, "lock reason", 1..=255, lines
);

/// That a server is locked: users of its project may not change it.
///
/// ```
/// use nova_core::model::{Lock, LockedBy};
///
/// let lock = Lock::new(LockedBy::Admin).because("under investigation".parse()?);
/// assert_eq!(lock.reason.unwrap().as_str(), "under investigation");
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lock {
    /// Who locked it.
    pub by: LockedBy,
    /// Why (Nova's `locked_reason`).
    #[serde(default)]
    pub reason: Option<LockReason>,
}

impl Lock {
    /// A lock without a reason.
    pub const fn new(by: LockedBy) -> Self {
        Self { by, reason: None }
    }

    /// With a reason.
    #[must_use]
    pub fn because(mut self, reason: LockReason) -> Self {
        self.reason = Some(reason);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_reasons_are_refused() {
        for bad in ["", "a\0", &"x".repeat(256)] {
            assert!(LockReason::new(bad).is_err(), "{bad:?} passed");
        }
        assert!(serde_json::from_str::<Lock>(r#"{"by": "nobody"}"#).is_err());
        assert!(serde_json::from_str::<Lock>(r#"{"by": "admin", "reason": ""}"#).is_err());
        let bare: Lock = serde_json::from_str(r#"{"by": "owner"}"#).unwrap();
        assert_eq!(bare, Lock::new(LockedBy::Owner));
    }
}
