//! The archive.

use nova_core::env::Timestamp;
use nova_core::repository::PageRequest;

use super::probe::{Probe, Rule};
use super::rows::server;

pub(super) async fn check(probe: &mut Probe) {
    let store = probe.store.clone();
    let archive = store.archive();
    let now = probe.env.now();
    let call = archive.archive_servers(Timestamp::from_micros(i64::MAX), now, 5);
    let archived = probe.ok("archive_servers", "", Rule::Range, call).await;
    assert_eq!(archived, 5);
    let call = archive.archived_get(server(500_007));
    probe
        .call("archived_get", "", Rule::Search, call)
        .await
        .unwrap();
    let project = "project-7".parse().unwrap();
    let first = PageRequest::first(20).unwrap();
    for page in [first.clone(), first.after(server(510_000))] {
        for (project, index) in [
            (None, "nova_archived_servers_by_deletion"),
            (Some(&project), "nova_archived_servers_by_project"),
        ] {
            let list = archive.archived_list(project, &page);
            let (listed, plans) = probe.plans("archived_list", list).await;
            assert_eq!(listed.unwrap().items.len(), 20);
            let plan = plans.last().unwrap();
            if !plan.text.contains(index) || plan.cost.sorts {
                probe.is_wrong(format!("the archive of {project:?} ({page:?})"), plan);
            }
        }
    }
    let call = archive.archive_purge(Timestamp::from_micros(10_000_000), 5);
    let purged = probe.ok("archive_purge", "", Rule::Range, call).await;
    assert_eq!(purged, 5);
}
