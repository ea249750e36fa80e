//! With the other members of a server group.

use nova_core::model::ServerGroupPolicy;

use super::Filter;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::{GroupRequest, PlacementRequest};
use crate::verdict::{Reason, Verdict};

/// Passes the hosts of a server group whose policy is affinity, as Nova's filter of this name
/// does; all hosts if the group has none yet.
///
/// It goes by [`GroupRequest::hosts`], which name compute services. Within one request, the host
/// of the first server becomes the host of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerGroupAffinityFilter;

impl Filter for ServerGroupAffinityFilter {
    fn name(&self) -> &str {
        "ServerGroupAffinityFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        match group(request) {
            Some(group) if !group.hosts.contains(host.service_host()) => {
                Verdict::Reject(Reason::GroupElsewhere)
            }
            _ => Verdict::Pass,
        }
    }

    fn is_local(&self, request: &PlacementRequest) -> bool {
        let policy = request.group().map(|group| group.rules.policy());
        policy != Some(ServerGroupPolicy::Affinity)
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        if let Some(group) = group(request) {
            let mut hosts = Candidates::none(fleet.len());
            for service in &group.hosts {
                for host in fleet.nodes_of(service) {
                    hosts.insert(host);
                }
            }
            candidates.intersect(&hosts);
        }
    }
}

/// The group, if it is to stay together and is anywhere.
fn group(request: &PlacementRequest) -> Option<&GroupRequest> {
    request.group().filter(|group| {
        group.rules.policy() == ServerGroupPolicy::Affinity && !group.hosts.is_empty()
    })
}
