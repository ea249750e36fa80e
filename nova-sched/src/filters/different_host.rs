//! Away from certain servers.

use super::{Filter, server_hints};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts that have none of the servers that the hint `different_host` names, as Nova's
/// filter of this name does.
///
/// It needs a fleet that [lists its servers](crate::PlacedServer).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DifferentHostFilter;

const HINT: &str = "different_host";

impl Filter for DifferentHostFilter {
    fn name(&self) -> &str {
        "DifferentHostFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let servers = server_hints::servers(request, HINT).unwrap_or_default();
        match servers
            .into_iter()
            .find(|server| host.service_has_server(server))
        {
            Some(server) => Verdict::Reject(Reason::NextToServer { server }),
            None => Verdict::Pass,
        }
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let servers = server_hints::servers(request, HINT).unwrap_or_default();
        for host in server_hints::hosts_of(fleet, &servers) {
            candidates.remove(host);
        }
    }
}
