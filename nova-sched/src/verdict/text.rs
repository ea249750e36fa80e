//! What reasons say to people. Values are shortened: users may give any.

use std::fmt;

use super::{Counted, Reason};
use crate::text::Brief;

impl Reason {
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
            Self::TooMany { what, limit, .. } => {
                write!(f, "{range} {what}, must be below {limit}")
            }
            Self::WrongHypervisorVersion { wanted, .. } => {
                let wanted = Brief::value(wanted);
                write!(f, "hypervisor version {range}, wanted {wanted}")
            }
            Self::FewAddressBits { wanted, .. } => {
                write!(f, "addresses of {range} bits, wanted {wanted}")
            }
            Self::GroupFull { limit, .. } => {
                write!(
                    f,
                    "{range} members of the group, at most {limit} on one host"
                )
            }
            Self::OtherNetwork { wanted, .. } => {
                let wanted = Brief::value(wanted);
                write!(f, "not in the network {wanted}")
            }
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
                ..
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
            Self::HostDisabled { reason } => write!(f, "disabled: {}", Brief::value(reason)),
            Self::CapabilityMismatch {
                key,
                wanted,
                actual: Some(actual),
            } => {
                let (key, wanted, actual) = (
                    Brief::value(key),
                    Brief::value(wanted),
                    Brief::value(actual),
                );
                write!(f, "{key}: wanted \"{wanted}\", has \"{actual}\"")
            }
            Self::CapabilityMismatch {
                key,
                wanted,
                actual: None,
            } => {
                let (key, wanted) = (Brief::value(key), Brief::value(wanted));
                write!(f, "{key}: wanted \"{wanted}\", has nothing of the kind")
            }
            Self::Malformed {
                key,
                wanted,
                problem,
            } => {
                let (key, wanted) = (Brief::value(key), Brief::value(wanted));
                let problem = Brief::sentence(problem);
                write!(f, "{key}: \"{wanted}\" cannot be evaluated: {problem}")
            }
            Self::AggregateMismatch {
                key,
                wanted,
                actual,
            } => {
                let (key, wanted) = (Brief::value(key), Brief::value(wanted));
                write!(f, "aggregates: {key}: wanted \"{wanted}\", ")?;
                match actual {
                    Some(actual) => write!(f, "has \"{}\"", Brief::value(actual)),
                    None => f.write_str("has no such key"),
                }
            }
            Self::TooMany { what, count, limit } => {
                write!(f, "{count} {what}, must be below {limit}")
            }
            Self::UnsupportedImage { wanted } => {
                write!(f, "runs no guests of {}", Brief::value(wanted))
            }
            Self::WrongHypervisorVersion { wanted, actual } => {
                let wanted = Brief::value(wanted);
                write!(f, "hypervisor version {actual}, wanted {wanted}")
            }
            Self::FewAddressBits { wanted, actual } => {
                write!(f, "addresses of {actual} bits, wanted {wanted}")
            }
            Self::Isolation { host: true } => f.write_str("kept for isolated images"),
            Self::Isolation { host: false } => {
                f.write_str("not among the hosts that isolated images go to")
            }
            Self::NextToServer { server } => write!(f, "has the server {server}"),
            Self::FarFromServers => f.write_str("has none of the servers to be with"),
            Self::OtherNetwork { wanted, actual } => {
                let wanted = Brief::value(wanted);
                write!(f, "address {actual} is not in the network {wanted}")
            }
            Self::GroupElsewhere => f.write_str("not among the hosts of the server group"),
            Self::GroupFull { members, limit } => {
                write!(
                    f,
                    "{members} members of the group, at most {limit} on one host"
                )
            }
            Self::QueryFalse => f.write_str("the query is not true of it"),
            Self::MissingMetric { name } => write!(f, "{} is not measured", Brief::value(name)),
            Self::MissingTrait { name } => write!(f, "lacks the trait {name}"),
            Self::ForbiddenTrait { name } => write!(f, "has the forbidden trait {name}"),
            Self::NotMember { any } if any.len() == 1 => {
                f.write_str("not in the aggregate that is asked for")
            }
            Self::NotMember { any } => {
                write!(
                    f,
                    "in none of the {} aggregates that are asked for",
                    any.len()
                )
            }
            Self::Member { aggregate } => write!(f, "in the aggregate {aggregate}"),
            Self::NotInTree { wanted } => write!(f, "not the node {wanted}"),
            Self::OneProvider { groups } => {
                write!(
                    f,
                    "one provider cannot keep {groups} groups of resources apart"
                )
            }
            Self::WrongCell { wanted, actual } => match actual {
                Some(actual) => write!(f, "in cell {actual}, wanted {wanted}"),
                None => write!(f, "in an unknown cell, wanted {wanted}"),
            },
            Self::OtherFlavor { actual } => match actual {
                Some(actual) => {
                    let actual = Brief::value(actual);
                    write!(f, "has a server of the flavor {actual}")
                }
                None => f.write_str("has a server of another flavor"),
            },
            Self::NumaMisfit { misfit } => misfit.fmt(f),
            Self::PciMisfit { misfit } => misfit.fmt(f),
            Self::Ignored => f.write_str("excluded by the request"),
            Self::NotForced => f.write_str("not among the hosts that the request names"),
            Self::NotRequested => f.write_str("not the destination that is asked for"),
            Self::Custom { text } => Brief::sentence(text).fmt(f),
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IoOperations => "operations under way",
            Self::Servers => "servers",
        })
    }
}
