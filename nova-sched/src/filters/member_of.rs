//! Aggregates that a host must be in, or must not.

use super::{Filter, Stage};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts that are in one aggregate of each set that the request names
/// ([`PlacementRequest::with_member_of`]), and in none of those that it excludes
/// ([`PlacementRequest::with_not_member_of`]), as OpenStack Placement does with `member_of`.
///
/// An aggregate that the fleet does not know has no hosts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemberOfFilter;

impl Filter for MemberOfFilter {
    fn name(&self) -> &str {
        "MemberOfFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        for any in request.member_of() {
            if !host
                .aggregates()
                .any(|aggregate| any.contains(&aggregate.id))
            {
                return Verdict::Reject(Reason::NotMember { any: any.clone() });
            }
        }
        let excluded = request.not_member_of();
        match host
            .aggregates()
            .find(|aggregate| excluded.contains(&aggregate.id))
        {
            Some(aggregate) => Verdict::Reject(Reason::Member {
                aggregate: aggregate.id,
            }),
            None => Verdict::Pass,
        }
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn stage(&self) -> Stage {
        Stage::Placement
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        for any in request.member_of() {
            let mut members = Candidates::none(fleet.len());
            for hosts in any
                .iter()
                .filter_map(|aggregate| fleet.hosts_of_aggregate(aggregate))
            {
                for host in hosts {
                    members.insert(*host);
                }
            }
            candidates.intersect(&members);
        }
        for aggregate in request.not_member_of() {
            for host in fleet.hosts_of_aggregate(aggregate).into_iter().flatten() {
                candidates.remove(*host);
            }
        }
    }
}
