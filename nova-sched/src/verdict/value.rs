//! The verdict itself.

use super::Reason;

/// What a filter says of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The host will do.
    Pass,
    /// It will not, and why.
    Reject(Reason),
}

impl Verdict {
    /// A refusal in the author's own words.
    ///
    /// ```
    /// use nova_sched::{Reason, Verdict};
    ///
    /// let verdict = Verdict::reject("its rack is on the test feed");
    /// assert_eq!(
    ///     verdict,
    ///     Verdict::Reject(Reason::Custom { text: "its rack is on the test feed".into() }),
    /// );
    /// ```
    pub fn reject(text: impl Into<String>) -> Self {
        Self::Reject(Reason::Custom { text: text.into() })
    }

    /// Whether the host will do.
    pub fn is_pass(&self) -> bool {
        matches!(self, Self::Pass)
    }
}
