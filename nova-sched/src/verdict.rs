//! What a filter says of a host.

use std::fmt;
use std::time::Duration;

use nova_core::id::ZoneName;
use nova_core::model::ResourceClass;
use serde::{Deserialize, Serialize};

use crate::numa::Misfit;
use crate::pci::PciMisfit;

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

/// Why a host was refused, with the numbers that it was refused for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum Reason {
    /// Less of a class is free than one server wants.
    InsufficientResource {
        /// The class.
        class: ResourceClass,
        /// How much is wanted.
        wanted: u64,
        /// How much is free.
        free: u64,
        /// How much may be claimed on the host altogether.
        capacity: u64,
    },
    /// Enough of a class is free, since the host lends it out several times over, but one server
    /// wants more than there is (Placement's `max_unit`).
    AboveMaxUnit {
        /// The class.
        class: ResourceClass,
        /// How much is wanted.
        wanted: u64,
        /// The most for one server.
        max_unit: u64,
    },
    /// Another availability zone was asked for.
    WrongZone {
        /// The zone that was asked for.
        wanted: ZoneName,
        /// The zone of the host.
        actual: ZoneName,
    },
    /// The host was declared down, or has been silent.
    HostDown {
        /// For how long it has been silent; `None` if it was declared down.
        silent_for: Option<Duration>,
    },
    /// An administrator takes no new servers there.
    HostDisabled {
        /// Why; it may be empty.
        reason: String,
    },
    /// The host's capability is not what an extra spec asks for.
    CapabilityMismatch {
        /// The key of the extra spec.
        key: String,
        /// The value of the extra spec.
        wanted: String,
        /// What the host has, as text; `None` if it has nothing of the name.
        actual: Option<String>,
    },
    /// An extra spec cannot be evaluated. Nova's scheduler raises an exception here and fails the
    /// whole request; ours refuses the host, and goes on.
    Malformed {
        /// The key of the extra spec.
        key: String,
        /// The value of the extra spec.
        wanted: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The host's NUMA cells do not do.
    NumaMisfit {
        /// Why not.
        misfit: Misfit,
    },
    /// The host's PCI devices do not do.
    PciMisfit {
        /// Why not.
        misfit: PciMisfit,
    },
    /// The request excludes the host by name.
    Ignored,
    /// The request names other hosts.
    NotForced,
    /// The request asks for another destination.
    NotRequested,
    /// In the words of a filter of somebody's own.
    Custom {
        /// The words.
        text: String,
    },
}

impl Reason {
    /// Whether both are refusals of the same kind, but for what differs from host to host.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::InsufficientResource { class, wanted, .. },
                Self::InsufficientResource {
                    class: other_class,
                    wanted: other_wanted,
                    ..
                },
            )
            | (
                Self::AboveMaxUnit { class, wanted, .. },
                Self::AboveMaxUnit {
                    class: other_class,
                    wanted: other_wanted,
                    ..
                },
            ) => class == other_class && wanted == other_wanted,
            (Self::HostDown { silent_for }, Self::HostDown { silent_for: other }) => {
                silent_for.is_some() == other.is_some()
            }
            (one, other) => one == other,
        }
    }

    /// The number that differs from host to host: what is free, the largest share, the seconds
    /// of silence.
    pub(crate) fn measure(&self) -> Option<u64> {
        match self {
            Self::InsufficientResource { free, .. } => Some(*free),
            Self::AboveMaxUnit { max_unit, .. } => Some(*max_unit),
            Self::HostDown { silent_for } => silent_for.map(|silence| silence.as_secs()),
            Self::WrongZone { .. }
            | Self::HostDisabled { .. }
            | Self::CapabilityMismatch { .. }
            | Self::Malformed { .. }
            | Self::NumaMisfit { .. }
            | Self::PciMisfit { .. }
            | Self::Ignored
            | Self::NotForced
            | Self::NotRequested
            | Self::Custom { .. } => None,
        }
    }

    /// The reason with a range in the place of the number that differs.
    pub(crate) fn write_range(
        &self,
        f: &mut fmt::Formatter<'_>,
        low: u64,
        high: u64,
    ) -> fmt::Result {
        let range = Range(low, high);
        match self {
            Self::InsufficientResource { class, wanted, .. } => {
                write!(f, "{class}: wanted {wanted}, free {range}")
            }
            Self::AboveMaxUnit { class, wanted, .. } => {
                write!(
                    f,
                    "{class}: wanted {wanted}, at most {range} for one server"
                )
            }
            Self::HostDown {
                silent_for: Some(_),
            } => write!(f, "down: silent for {range} s"),
            other => write!(f, "{other}"),
        }
    }
}

struct Range(u64, u64);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 {
            write!(f, "{}", self.0)
        } else {
            write!(f, "{}..{}", self.0, self.1)
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InsufficientResource {
                class,
                wanted,
                free,
                capacity,
            } => {
                write!(f, "{class}: wanted {wanted}, free {free} of {capacity}")
            }
            Self::AboveMaxUnit {
                class,
                wanted,
                max_unit,
            } => {
                write!(
                    f,
                    "{class}: wanted {wanted}, at most {max_unit} for one server"
                )
            }
            Self::WrongZone { wanted, actual } => write!(f, "in zone {actual}, wanted {wanted}"),
            Self::HostDown { silent_for: None } => f.write_str("down: declared so"),
            Self::HostDown {
                silent_for: Some(silence),
            } => {
                write!(f, "down: silent for {} s", silence.as_secs())
            }
            Self::HostDisabled { reason } if reason.is_empty() => f.write_str("disabled"),
            Self::HostDisabled { reason } => write!(f, "disabled: {reason}"),
            Self::CapabilityMismatch {
                key,
                wanted,
                actual: Some(actual),
            } => {
                write!(f, "{key}: wanted \"{wanted}\", has \"{actual}\"")
            }
            Self::CapabilityMismatch {
                key,
                wanted,
                actual: None,
            } => {
                write!(f, "{key}: wanted \"{wanted}\", has nothing of the kind")
            }
            Self::Malformed {
                key,
                wanted,
                problem,
            } => {
                write!(f, "{key}: \"{wanted}\" cannot be evaluated: {problem}")
            }
            Self::NumaMisfit { misfit } => misfit.fmt(f),
            Self::PciMisfit { misfit } => misfit.fmt(f),
            Self::Ignored => f.write_str("excluded by the request"),
            Self::NotForced => f.write_str("not among the hosts that the request names"),
            Self::NotRequested => f.write_str("not the destination that is asked for"),
            Self::Custom { text } => f.write_str(text),
        }
    }
}
