//! Why a host was refused.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use nova_core::id::{AggregateId, CellName, HostName, ServerId, ZoneName};
use nova_core::model::{HostTrait, ResourceClass};
use serde::{Deserialize, Serialize};

use crate::numa::Misfit;
use crate::pci::PciMisfit;

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
        /// How much is free.
        free: u64,
        /// How much may be claimed on the host altogether.
        capacity: u64,
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
}
