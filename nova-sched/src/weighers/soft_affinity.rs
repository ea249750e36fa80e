//! Prefers hosts that have members of the request's server group, or hosts that have none.

use nova_core::model::ServerGroupPolicy;

use super::weighted::by_multiplier;
use super::{AggregateMultiplier, Scores, Weigher};
use crate::fleet::{Fleet, HostIndex, HostView};
use crate::request::{GroupRequest, PlacementRequest};

/// Declares one of the two: its policy, what a member counts, and Nova's option.
macro_rules! soft_weigher {
    (
        $(#[$doc:meta])*
        $name:ident, $policy:expr, $member:literal,
        option $option:literal
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("The metadata key `", $option, "` of a host's aggregates overrides the multiplier.")]
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name {
            multiplier: AggregateMultiplier,
        }

        impl $name {
            /// What each member counts.
            const MEMBER: f64 = $member;

            #[doc = concat!("With this multiplier (Nova's `", $option, "`, by default 1.0).")]
            pub fn new(multiplier: f64) -> Self {
                Self {
                    multiplier: AggregateMultiplier::new($option, multiplier),
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(1.0)
            }
        }

        impl Weigher for $name {
            fn name(&self) -> &str {
                stringify!($name)
            }

            fn weigh(&self, request: &PlacementRequest, host: &HostView<'_>) -> f64 {
                group(request, $policy).map_or(0.0, |group| 0.0 + Self::MEMBER * members_on(group, host))
            }

            fn scores<'a>(&self, request: &PlacementRequest, fleet: &'a Fleet) -> Scores<'a> {
                match group(request, $policy) {
                    Some(group) if !members(group, fleet).is_empty() => Scores::Each,
                    _ => Scores::Same(0.0),
                }
            }

            fn sweep(
                &self,
                request: &PlacementRequest,
                fleet: &Fleet,
                hosts: &[HostIndex],
                weights: &mut Vec<f64>,
            ) {
                if let Some(group) = group(request, $policy) {
                    let members = members(group, fleet);
                    weights.extend(hosts.iter().map(|host| 0.0 + Self::MEMBER * count(&members, *host)));
                } else {
                    weights.resize(weights.len() + hosts.len(), 0.0);
                }
            }

            // A member that was told to be elsewhere may come into the fleet.
            by_multiplier!(local |request| {
                group(request, $policy).is_none_or(|group| group.places.is_empty())
            });
        }
    };
}

soft_weigher!(
    /// Prefers hosts with more members of the request's server group, where its policy is
    /// soft-affinity. Nova's `ServerGroupSoftAffinityWeigher`.
    ///
    /// Raw: how many members are on the host, or on other nodes of its compute service; 0
    /// everywhere under another policy.
    ///
    /// ```
    /// use nova_sched::{Scheduler, weighers::ServerGroupSoftAffinityWeigher};
    ///
    /// let weigher = ServerGroupSoftAffinityWeigher::new(1.0);
    /// let scheduler = Scheduler::builder().weigher(weigher).build();
    /// # let _ = scheduler;
    /// ```
    ServerGroupSoftAffinityWeigher, ServerGroupPolicy::SoftAffinity, 1.0,
    option "soft_affinity_weight_multiplier"
);

soft_weigher!(
    /// Prefers hosts with fewer members of the request's server group, where its policy is
    /// soft-anti-affinity. Nova's `ServerGroupSoftAntiAffinityWeigher`.
    ///
    /// Raw: minus how many members are on the host, or on other nodes of its compute service; 0
    /// everywhere under another policy.
    ///
    /// ```
    /// use nova_sched::{Scheduler, weighers::ServerGroupSoftAntiAffinityWeigher};
    ///
    /// let weigher = ServerGroupSoftAntiAffinityWeigher::new(1.0);
    /// let scheduler = Scheduler::builder().weigher(weigher).build();
    /// # let _ = scheduler;
    /// ```
    ServerGroupSoftAntiAffinityWeigher, ServerGroupPolicy::SoftAntiAffinity, -1.0,
    option "soft_anti_affinity_weight_multiplier"
);

/// The group, if it has this policy.
fn group(request: &PlacementRequest, policy: ServerGroupPolicy) -> Option<&GroupRequest> {
    request
        .group()
        .filter(|group| group.rules.policy() == policy)
}

/// How many members are on the nodes of a host's compute service, by what the fleet knows, and else by what the request says.
fn members_on(group: &GroupRequest, host: &HostView<'_>) -> f64 {
    let fleet = host.fleet();
    let known = group.members.iter().filter(|member| {
        host.service_has_server(member)
            || (group.places.get(member) == Some(host.service_host())
                && fleet.host_of(member).is_none())
    });
    number(known.count())
}

/// For each member that is somewhere the rows of its compute service, in order.
fn members(group: &GroupRequest, fleet: &Fleet) -> Vec<HostIndex> {
    let mut rows = Vec::new();
    for member in &group.members {
        let before = rows.len();
        fleet.extend_with_nodes_near(member, &mut rows);
        if rows.len() == before
            && let Some(host) = group.places.get(member)
        {
            rows.extend(fleet.nodes_of(host));
        }
    }
    rows.sort_unstable();
    rows
}

fn count(members: &[HostIndex], host: HostIndex) -> f64 {
    let first = members.partition_point(|member| *member < host);
    let here = members.iter().skip(first);
    number(here.take_while(|member| **member == host).count())
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
