//! Next to certain servers.

use super::{Filter, server_hints};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts that have one of the servers that the hint `same_host` names, as Nova's filter of
/// this name does.
///
/// It needs a fleet that [lists its servers](crate::PlacedServer).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SameHostFilter;

const HINT: &str = "same_host";

impl Filter for SameHostFilter {
    fn name(&self) -> &str {
        "SameHostFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        match server_hints::servers(request, HINT) {
            Some(servers) if !servers.iter().any(|server| host.service_has_server(server)) => {
                Verdict::Reject(Reason::FarFromServers)
            }
            _ => Verdict::Pass,
        }
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        if let Some(servers) = server_hints::servers(request, HINT) {
            let mut hosts = Candidates::none(fleet.len());
            for host in server_hints::hosts_of(fleet, &servers) {
                hosts.insert(host);
            }
            candidates.intersect(&hosts);
        }
    }
}
