//! Hints that name servers.

use nova_core::id::ServerId;

use crate::fleet::{Fleet, HostIndex};
use crate::request::PlacementRequest;

/// The servers of a hint; `None` if it was not given, or is empty.
///
/// Texts that are no ids, or are not written as ids are, name no server: Nova compares text.
pub(super) fn servers(request: &PlacementRequest, hint: &str) -> Option<Vec<ServerId>> {
    let texts = match request.hint(hint) {
        [] => return None,
        // One text stands for itself in Nova, and an empty one for nothing.
        [text] if text.is_empty() => return None,
        texts => texts,
    };
    let ids = texts.iter().filter_map(|text| {
        let id: ServerId = text.parse().ok()?;
        (id.to_string() == *text).then_some(id)
    });
    Some(ids.collect())
}

/// The hosts whose compute services have any of the servers.
pub(super) fn hosts_of(fleet: &Fleet, servers: &[ServerId]) -> Vec<HostIndex> {
    let mut hosts = Vec::new();
    for server in servers {
        fleet.extend_with_nodes_near(server, &mut hosts);
    }
    hosts
}
