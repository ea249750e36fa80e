//! Away from the other members of a server group.

use nova_core::id::{HostName, ServerId};
use nova_core::model::ServerGroupPolicy;

use super::Filter;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostIndex, HostView};
use crate::request::{GroupRequest, PlacementRequest};
use crate::verdict::{Reason, Verdict};

/// Passes hosts with few enough members of a server group whose policy is anti-affinity, as Nova's
/// filter of this name does: fewer than the group's `max_server_per_host`, which is 1 unless it
/// is said. The host that the server itself is on, if it is moved, passes always.
///
/// A host here is a compute service: where one has several nodes, members on any of them count on
/// all, since Nova lists servers by service.
///
/// Where members are, the fleet knows ([`Fleet::hosts_of`]); for those that it does not list,
/// [`GroupRequest::places`] does. A sweep costs a look-up for each member, whatever the size of
/// the fleet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerGroupAntiAffinityFilter;

impl Filter for ServerGroupAntiAffinityFilter {
    fn name(&self) -> &str {
        "ServerGroupAntiAffinityFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let Some(group) = group(request) else {
            return Verdict::Pass;
        };
        let own = itself(request);
        if own.is_some_and(|server| host.service_has_server(&server)) {
            return Verdict::Pass;
        }
        let fleet = host.fleet();
        let listed = group
            .members
            .iter()
            .filter(|member| host.service_has_server(member))
            .count();
        let service = host.service_host();
        let told = elsewhere(group, fleet)
            .filter(|(_, place)| *place == service)
            .count();
        let members = u64::try_from(listed.saturating_add(told)).unwrap_or(u64::MAX);
        let limit = limit(group);
        if members < limit {
            return Verdict::Pass;
        }
        Verdict::Reject(Reason::GroupFull { members, limit })
    }

    fn is_local(&self, request: &PlacementRequest) -> bool {
        // A member that was told to be elsewhere may come into the fleet.
        group(request).is_none_or(|group| group.places.is_empty())
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let Some(group) = group(request) else {
            return;
        };
        let mut own = Vec::new();
        if let Some(server) = itself(request) {
            fleet.extend_with_nodes_near(&server, &mut own);
        }
        let mut places: Vec<HostIndex> = Vec::new();
        for member in &group.members {
            fleet.extend_with_nodes_near(member, &mut places);
        }
        for (_, service) in elsewhere(group, fleet) {
            places.extend(fleet.nodes_of(service));
        }
        places.sort_unstable();
        let limit = limit(group);
        for members in places.chunk_by(|one, other| one == other) {
            let full = u64::try_from(members.len()).unwrap_or(u64::MAX) >= limit;
            if let Some(host) = members.first().filter(|host| full && !own.contains(host)) {
                candidates.remove(*host);
            }
        }
    }
}

/// The group, if its members are to be apart.
fn group(request: &PlacementRequest) -> Option<&GroupRequest> {
    request
        .group()
        .filter(|group| group.rules.policy() == ServerGroupPolicy::AntiAffinity)
}

fn limit(group: &GroupRequest) -> u64 {
    let limit = group.rules.max_server_per_host();
    limit.map_or(1, |limit| u64::from(limit.get()))
}

/// The server that is asked for, if it is one: it may be on a host, from which it is moved.
fn itself(request: &PlacementRequest) -> Option<ServerId> {
    match request.servers() {
        [server] if request.count() == 1 => Some(*server),
        _ => None,
    }
}

/// The members that the fleet does not list, with the compute services that they are on.
fn elsewhere<'a>(
    group: &'a GroupRequest,
    fleet: &Fleet,
) -> impl Iterator<Item = (&'a ServerId, &'a HostName)> {
    group
        .places
        .iter()
        .filter(|(member, _)| group.members.contains(member) && fleet.host_of(member).is_none())
}
