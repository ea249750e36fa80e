//! What a filter says of a host.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use nova_core::id::{AggregateId, CellName, HostName, ServerId, ZoneName};
use nova_core::model::{HostTrait, ResourceClass};
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
    /// The metadata of the host's aggregates are not what is asked for.
    AggregateMismatch {
        /// The key of the metadata.
        key: String,
        /// What is asked for.
        wanted: String,
        /// What the host's aggregates have, joined by commas; `None` if they lack the key.
        actual: Option<String>,
    },
    /// As much is counted on the host as may be.
    TooMany {
        /// What is counted.
        what: Counted,
        /// How much there is.
        count: u64,
        /// Below which number it must be.
        limit: u64,
    },
    /// The host runs no guests of the kind that the image wants.
    UnsupportedImage {
        /// The architecture, hypervisor and mode, as far as the image names them.
        wanted: String,
    },
    /// The hypervisor's version is none that the image accepts.
    WrongHypervisorVersion {
        /// The versions that the image accepts.
        wanted: String,
        /// The version of the host, as one number.
        actual: u64,
    },
    /// The host's processors address less memory than the image wants.
    FewAddressBits {
        /// How many bits are wanted.
        wanted: u64,
        /// How many there are.
        actual: u64,
    },
    /// Only one of image and host is set apart from the others.
    Isolation {
        /// Whether it is the host.
        host: bool,
    },
    /// A server is on the host that the request keeps away from.
    NextToServer {
        /// The server.
        server: ServerId,
    },
    /// None of the servers is on the host that the request wants to be with.
    FarFromServers,
    /// The host's address is in another network.
    OtherNetwork {
        /// The network that is asked for.
        wanted: String,
        /// The address of the host.
        actual: IpAddr,
    },
    /// The server group is on other hosts.
    GroupElsewhere,
    /// As many members of the server group are on the host as may be.
    GroupFull {
        /// How many there are.
        members: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The query of the request is not true of the host.
    QueryFalse,
    /// Nothing is measured under this name.
    MissingMetric {
        /// The name.
        name: String,
    },
    /// The host has not this trait.
    MissingTrait {
        /// The trait.
        name: HostTrait,
    },
    /// The host has this trait, which must not be.
    ForbiddenTrait {
        /// The trait.
        name: HostTrait,
    },
    /// The host is in none of these aggregates.
    NotMember {
        /// The aggregates.
        any: BTreeSet<AggregateId>,
    },
    /// The host is in this aggregate, which must not be.
    Member {
        /// The aggregate.
        aggregate: AggregateId,
    },
    /// The resources of another node are asked for.
    NotInTree {
        /// The node.
        wanted: HostName,
    },
    /// Several groups of resources are to come from different providers, and a host is one.
    OneProvider {
        /// How many groups there are.
        groups: u64,
    },
    /// Another cell was asked for.
    WrongCell {
        /// The cell that was asked for.
        wanted: CellName,
        /// The cell of the host, if it is known.
        actual: Option<CellName>,
    },
    /// A server of another flavor is on the host.
    OtherFlavor {
        /// The flavor, if it is known.
        actual: Option<String>,
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

/// What is counted on a host, for a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Counted {
    /// Operations under way.
    IoOperations,
    /// Servers.
    Servers,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IoOperations => "operations under way",
            Self::Servers => "servers",
        })
    }
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
            (
                Self::TooMany { what, limit, .. },
                Self::TooMany {
                    what: other_what,
                    limit: other_limit,
                    ..
                },
            ) => what == other_what && limit == other_limit,
            (
                Self::WrongHypervisorVersion { wanted, .. },
                Self::WrongHypervisorVersion { wanted: other, .. },
            ) => wanted == other,
            (Self::FewAddressBits { wanted, .. }, Self::FewAddressBits { wanted: other, .. })
            | (Self::GroupFull { limit: wanted, .. }, Self::GroupFull { limit: other, .. }) => {
                wanted == other
            }
            (Self::OtherNetwork { wanted, .. }, Self::OtherNetwork { wanted: other, .. }) => {
                wanted == other
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
            Self::TooMany { count, .. } => Some(*count),
            Self::WrongHypervisorVersion { actual, .. } | Self::FewAddressBits { actual, .. } => {
                Some(*actual)
            }
            Self::GroupFull { members, .. } => Some(*members),
            Self::WrongZone { .. }
            | Self::HostDisabled { .. }
            | Self::CapabilityMismatch { .. }
            | Self::Malformed { .. }
            | Self::AggregateMismatch { .. }
            | Self::UnsupportedImage { .. }
            | Self::Isolation { .. }
            | Self::NextToServer { .. }
            | Self::FarFromServers
            | Self::OtherNetwork { .. }
            | Self::GroupElsewhere
            | Self::QueryFalse
            | Self::MissingMetric { .. }
            | Self::MissingTrait { .. }
            | Self::ForbiddenTrait { .. }
            | Self::NotMember { .. }
            | Self::Member { .. }
            | Self::NotInTree { .. }
            | Self::OneProvider { .. }
            | Self::WrongCell { .. }
            | Self::OtherFlavor { .. }
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
            Self::TooMany { what, limit, .. } => {
                write!(f, "{range} {what}, must be below {limit}")
            }
            Self::WrongHypervisorVersion { wanted, .. } => {
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
            Self::OtherNetwork { wanted, .. } => write!(f, "not in the network {wanted}"),
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
            Self::AggregateMismatch {
                key,
                wanted,
                actual,
            } => match actual {
                Some(actual) => {
                    write!(
                        f,
                        "aggregates: {key}: wanted \"{wanted}\", has \"{actual}\""
                    )
                }
                None => write!(f, "aggregates: {key}: wanted \"{wanted}\", has no such key"),
            },
            Self::TooMany { what, count, limit } => {
                write!(f, "{count} {what}, must be below {limit}")
            }
            Self::UnsupportedImage { wanted } => write!(f, "runs no guests of {wanted}"),
            Self::WrongHypervisorVersion { wanted, actual } => {
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
            Self::MissingMetric { name } => write!(f, "{name} is not measured"),
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
                Some(actual) => write!(f, "has a server of the flavor {actual}"),
                None => f.write_str("has a server of another flavor"),
            },
            Self::NumaMisfit { misfit } => misfit.fmt(f),
            Self::PciMisfit { misfit } => misfit.fmt(f),
            Self::Ignored => f.write_str("excluded by the request"),
            Self::NotForced => f.write_str("not among the hosts that the request names"),
            Self::NotRequested => f.write_str("not the destination that is asked for"),
            Self::Custom { text } => f.write_str(text),
        }
    }
}
