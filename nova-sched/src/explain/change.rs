//! Changes that make a request fit.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;

use nova_core::id::{AggregateId, HostName, ZoneName};
use nova_core::model::{HostTrait, ResourceClass};
use serde::{Deserialize, Serialize};

use crate::fleet::{Fleet, Liveness};
use crate::request::PlacementRequest;
use crate::text::Brief;

/// One change, of a request or of a host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum Change {
    /// Ask for less of a class for each server; `to` is 0 where it is to be left away.
    LowerResource {
        /// The class.
        class: ResourceClass,
        /// How much is asked for.
        from: u64,
        /// How much would fit.
        to: u64,
    },
    /// Ask for fewer servers.
    LowerCount {
        /// How many are asked for.
        from: u32,
        /// How many would fit.
        to: u32,
    },
    /// Ask for another availability zone.
    OtherZone {
        /// The zone that is asked for.
        from: ZoneName,
        /// The zone that would do.
        to: ZoneName,
    },
    /// Leave an extra spec away.
    DropCapability {
        /// Its key.
        key: String,
    },
    /// Leave a scheduler hint away.
    DropHint {
        /// Its name.
        name: String,
    },
    /// Leave a property of the image away.
    DropImageProperty {
        /// Its name.
        name: String,
    },
    /// Neither require nor forbid a trait.
    DropTrait {
        /// Its name.
        name: HostTrait,
    },
    /// Ask for these aggregates no longer.
    DropMemberOf {
        /// The aggregates, one of which is asked for.
        any: BTreeSet<AggregateId>,
    },
    /// Exclude an aggregate no longer.
    AllowAggregate {
        /// The aggregate.
        aggregate: AggregateId,
    },
    /// Ask for the resources of one node no longer.
    DropInTree {
        /// The node.
        node: HostName,
    },
    /// Ask for the requested destination no longer.
    DropDestination,
    /// Let more members of the server group onto one host.
    RaiseMaxPerHost {
        /// How many may be there.
        from: NonZeroU32,
        /// How many would have to be.
        to: NonZeroU32,
    },
    /// Leave the server group away.
    LeaveGroup,
    /// Try a host again where it was tried already.
    TryAgain {
        /// The host.
        host: HostName,
    },
    /// Name another node among the forced ones.
    ForceOtherNode {
        /// The node.
        node: HostName,
    },
    /// Exclude a host no longer.
    StopIgnoring {
        /// The host.
        host: HostName,
    },
    /// Name another host among the forced ones.
    ForceOtherHost {
        /// The host.
        host: HostName,
    },
    /// Let a disabled host take new servers.
    EnableHost {
        /// The host.
        host: HostName,
    },
    /// Bring a host back that is down.
    BringUpHost {
        /// The host.
        host: HostName,
    },
    /// Free some of a class on a host that has nothing left of it.
    FreeResource {
        /// The host.
        host: HostName,
        /// The class.
        class: ResourceClass,
        /// How much.
        amount: u64,
    },
}

impl Change {
    /// The request and the fleet as they would be after the change, to plan with them.
    pub fn apply(&self, request: &PlacementRequest, fleet: &Fleet) -> (PlacementRequest, Fleet) {
        let (request, mut fleet) = (request.clone(), fleet.clone());
        let request = match self {
            Self::LowerResource { class, to, .. } => request.with_resource(class.clone(), *to),
            Self::LowerCount { to, .. } => request.with_count(*to),
            Self::OtherZone { to, .. } => request.with_zone(to.clone()),
            Self::DropCapability { key } => request.without_extra_spec(key),
            Self::DropHint { name } => request.without_hint(name),
            Self::DropImageProperty { name } => request.without_image_property(name),
            Self::DropTrait { name } => request.without_trait(name),
            Self::DropMemberOf { any } => request.without_member_of(any),
            Self::AllowAggregate { aggregate } => request.without_not_member_of(aggregate),
            Self::DropInTree { .. } => request.without_in_tree(),
            Self::DropDestination => request.without_destination(),
            Self::RaiseMaxPerHost { to, .. } => request.with_max_server_per_host(*to),
            Self::LeaveGroup => request.without_group(),
            Self::TryAgain { host } => request.without_tried_host(host),
            Self::ForceOtherNode { node } => request.with_forced_node(node.clone()),
            Self::StopIgnoring { host } => request.without_ignored_host(host),
            Self::ForceOtherHost { host } => request.with_forced_host(host.clone()),
            Self::EnableHost { host } => {
                // A host that is gone stays gone.
                fleet.enable(host).unwrap_or_default();
                request
            }
            Self::BringUpHost { host } => {
                fleet.set_liveness(host, Liveness::Up).unwrap_or_default();
                request
            }
            Self::FreeResource {
                host,
                class,
                amount,
            } => {
                fleet.free_up(host, class, *amount);
                request
            }
        };
        (request, fleet)
    }

    /// How large a change is, to tell which of several is the smallest. Lowering an amount counts
    /// as the part of it that is given up, below 1; asking for fewer servers as how many are given
    /// up for each that stays: half of them 1, two of three 2. What the user can change counts less than what
    /// only an administrator can.
    pub(crate) fn magnitude(&self) -> f64 {
        match self {
            Self::LowerResource { from, to, .. } => part(from.saturating_sub(*to), *from),
            Self::LowerCount { from, to } => {
                part(u64::from(from.saturating_sub(*to)), u64::from(*to))
            }
            Self::OtherZone { .. } => 0.5,
            Self::RaiseMaxPerHost { from, to } => {
                // One more counts least.
                let (from, to) = (u64::from(from.get()), u64::from(to.get()));
                0.5 + 0.5 * part(to.saturating_sub(from), to)
            }
            Self::StopIgnoring { .. }
            | Self::ForceOtherHost { .. }
            | Self::ForceOtherNode { .. }
            | Self::TryAgain { .. } => 0.75,
            Self::DropHint { .. } => 0.9,
            Self::DropCapability { .. }
            | Self::DropImageProperty { .. }
            | Self::DropTrait { .. }
            | Self::DropMemberOf { .. }
            | Self::AllowAggregate { .. }
            | Self::DropInTree { .. } => 1.0,
            Self::LeaveGroup | Self::DropDestination => 1.5,
            Self::EnableHost { .. } => 2.0,
            Self::BringUpHost { .. } => 3.0,
            Self::FreeResource { .. } => 4.0,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an estimate of size needs no last digit"
)]
fn part(lost: u64, whole: u64) -> f64 {
    lost as f64 / (whole as f64).max(1.0)
}

/// How many aggregates are named.
const MOST_NAMED: usize = 4;

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LowerResource { class, to: 0, .. } => write!(f, "leave {class} away"),
            Self::LowerResource { class, from, to } => {
                write!(f, "lower {class} from {from} to {to}")
            }
            Self::LowerCount { from, to: 1 } => write!(f, "ask for 1 server instead of {from}"),
            Self::LowerCount { from, to } => write!(f, "ask for {to} servers instead of {from}"),
            Self::OtherZone { from, to } => write!(f, "ask for zone {to} instead of {from}"),
            Self::DropCapability { key } => {
                write!(f, "leave the extra spec {} away", Brief::value(key))
            }
            Self::DropHint { name } => write!(f, "leave the hint {} away", Brief::value(name)),
            Self::DropImageProperty { name } => {
                write!(f, "leave the image property {} away", Brief::value(name))
            }
            Self::DropTrait { name } => write!(f, "leave the trait {name} away"),
            Self::DropMemberOf { any } => {
                f.write_str("stop asking for aggregate ")?;
                for (place, aggregate) in any.iter().take(MOST_NAMED).enumerate() {
                    let separator = if place == 0 { "" } else { " or " };
                    write!(f, "{separator}{aggregate}")?;
                }
                match any.len().saturating_sub(MOST_NAMED) {
                    0 => Ok(()),
                    more => write!(f, " or {more} more"),
                }
            }
            Self::AllowAggregate { aggregate } => write!(f, "stop excluding aggregate {aggregate}"),
            Self::DropInTree { node } => write!(f, "stop asking for the resources of {node}"),
            Self::DropDestination => f.write_str("leave the destination open"),
            Self::RaiseMaxPerHost { from, to } => {
                write!(
                    f,
                    "allow {to} members of the group on one host instead of {from}"
                )
            }
            Self::LeaveGroup => f.write_str("leave the server group away"),
            Self::TryAgain { host } => write!(f, "try {host} again"),
            Self::ForceOtherNode { node } => write!(f, "name {node} among the nodes"),
            Self::StopIgnoring { host } => write!(f, "stop excluding {host}"),
            Self::ForceOtherHost { host } => write!(f, "name {host} among the hosts"),
            Self::EnableHost { host } => write!(f, "enable {host}"),
            Self::BringUpHost { host } => write!(f, "bring {host} up"),
            Self::FreeResource {
                host,
                class,
                amount,
            } => {
                write!(f, "free {amount} {class} on {host}")
            }
        }
    }
}

/// Changes that, made together, make the request fit. They were tried before they are suggested.
///
/// ```
/// use nova_core::model::{Inventory, ResourceClass, Resources};
/// use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler};
///
/// let node = HostState::new("node-1".parse()?, "az1".parse()?)
///     .with_inventory(ResourceClass::MemoryMb, Inventory::new(4096, 0, 1.0)?)
///     .with_disabled("new firmware");
/// let fleet = Fleet::builder().host(node).build();
/// let request = PlacementRequest::new(Resources::new().with(ResourceClass::MemoryMb, 5000));
/// let scheduler = Scheduler::default();
///
/// let plan = scheduler.plan(&fleet, &request);
/// let suggestion = plan.explain().suggestion.as_ref().expect("there is a way");
/// assert_eq!(
///     suggestion.to_string(),
///     "enable node-1 and lower MEMORY_MB from 5000 to 4096 (then node-1 will do)",
/// );
/// let (request, fleet) = suggestion.apply(&request, &fleet);
/// assert!(scheduler.plan(&fleet, &request).is_placed());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// What to change.
    pub changes: Vec<Change>,
    /// A host that it was found for; `None` if it is about no single host.
    pub host: Option<HostName>,
}

impl Suggestion {
    /// The request and the fleet as they would be after all changes.
    pub fn apply(&self, request: &PlacementRequest, fleet: &Fleet) -> (PlacementRequest, Fleet) {
        let unchanged = (request.clone(), fleet.clone());
        self.changes
            .iter()
            .fold(unchanged, |(request, fleet), change| {
                change.apply(&request, &fleet)
            })
    }
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, change) in self.changes.iter().enumerate() {
            let separator = match place {
                0 => "",
                _ if place + 1 == self.changes.len() => " and ",
                _ => ", ",
            };
            write!(f, "{separator}{change}")?;
        }
        match &self.host {
            Some(host) => write!(f, " (then {host} will do)"),
            None => Ok(()),
        }
    }
}
