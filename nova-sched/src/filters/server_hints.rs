//! Hints that name servers.

use nova_core::id::ServerId;

use crate::fleet::Fleet;
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

/// The hosts that servers are on.
pub(super) fn hosts_of(
    fleet: &Fleet,
    servers: &[ServerId],
) -> impl Iterator<Item = crate::fleet::HostIndex> {
    servers.iter().flat_map(|server| fleet.hosts_of(server))
}
