//! The orders of lists of servers.

use super::cases::{Case, cases};
use super::fixture::{at_once, deleted, fresh, server_in};
use super::server_lists::ids;
use crate::env::{Env, Timestamp};
use crate::id::{HostName, ProjectId, ServerId};
use crate::model::Server;
use crate::repository::{
    PageRequest, ServerFilter, ServerSort, ServerSortKey, SortDirection, Store,
};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(server_sorts {
    every_order_is_kept_over_pages,
    a_marker_outside_of_the_filter_keeps_its_place,
    a_marker_that_moved_goes_on_from_its_new_place,
    an_order_survives_concurrent_inserts,
});

/// Every order.
fn orders() -> Vec<ServerSort> {
    let mut orders = Vec::new();
    for key in ServerSortKey::ALL {
        orders.push(ServerSort::by(*key));
        orders.push(ServerSort::by(*key).descending());
    }
    orders
}

/// Puts them in order, as the contract says.
fn sorted(mut servers: Vec<Server>, sort: ServerSort) -> Vec<ServerId> {
    match sort.key {
        ServerSortKey::CreatedAt => servers.sort_by_key(|s| (s.created_at, s.id)),
        ServerSortKey::UpdatedAt => servers.sort_by_key(|s| (s.updated_at, s.id)),
        ServerSortKey::Name => servers.sort_by_key(|s| (s.name.as_str().as_bytes().to_vec(), s.id)),
    }
    if sort.direction == SortDirection::Descending {
        servers.reverse();
    }
    servers.into_iter().map(|server| server.id).collect()
}

/// Servers of one project and host, with equal keys among them.
async fn some(store: &Store, env: &Env, project: &ProjectId, host: &HostName) -> Vec<Server> {
    let names = [
        "a",
        "B",
        "b",
        "a b",
        "a!",
        "ä",
        "a\u{1f980}",
        "\u{ffee}",
        "\u{1f980}",
        "A",
    ];
    let mut servers = Vec::new();
    for (index, name) in (0..).zip(names.iter().cycle().take(30)) {
        let mut server = server_in(env, project);
        server.name = name.parse().unwrap();
        server.host = Some(host.clone());
        server.created_at = Timestamp::from_micros(index % 4);
        server.updated_at = Timestamp::from_micros(-index % 7);
        store.servers().server_create(&server).await.unwrap();
        servers.push(server);
    }
    servers
}

/// Every key in both directions, within a project and on a host, in pages of every size; equal
/// keys are in the order of their ids.
pub async fn every_order_is_kept_over_pages(store: &Store, env: &Env) {
    let (project, host): (ProjectId, HostName) = (fresh(env, "project"), fresh(env, "host"));
    let servers = some(store, env, &project, &host).await;
    for sort in orders() {
        let expected = sorted(servers.clone(), sort);
        for filter in [
            ServerFilter::default().project(project.clone()),
            ServerFilter::default().host(host.clone()),
            ServerFilter::default().ids(expected.iter().copied()),
        ] {
            for limit in [3, 7, 29, 30, 1000] {
                let found = ids(store, &filter, sort, limit).await;
                assert_eq!(found, expected, "{sort:?} in pages of {limit}");
            }
        }
    }
}

/// In every order, a page goes on after a marker that the filter does not let through.
pub async fn a_marker_outside_of_the_filter_keeps_its_place(store: &Store, env: &Env) {
    let (project, host): (ProjectId, HostName) = (fresh(env, "project"), fresh(env, "host"));
    let mut servers = some(store, env, &project, &host).await;
    let outside = servers.swap_remove(13);
    store
        .servers()
        .server_update(&deleted(outside.clone(), env.now()))
        .await
        .unwrap();
    let filter = ServerFilter::default().project(project);
    for sort in orders() {
        let mut with = servers.clone();
        with.push(outside.clone());
        let with = sorted(with, sort);
        let at = with.iter().position(|id| *id == outside.id).unwrap();
        let page = PageRequest::largest().after(outside.id);
        let rest = store.servers().server_list(&filter, sort, &page).await;
        let rest: Vec<ServerId> = rest.unwrap().items.iter().map(|s| s.id).collect();
        assert_eq!(rest, with[at + 1..], "{sort:?}");
    }
}

/// When the marker's server was renamed or written between two pages, the next page begins after
/// where it is now.
pub async fn a_marker_that_moved_goes_on_from_its_new_place(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let mut servers = Vec::new();
    for (index, name) in (0..).zip(["a", "b", "c", "d"]) {
        let mut server = server_in(env, &project);
        server.name = name.parse().unwrap();
        server.updated_at = Timestamp::from_micros(index);
        store.servers().server_create(&server).await.unwrap();
        servers.push(server);
    }
    let mut marker = servers[0].clone();
    marker.name = "c!".parse().unwrap();
    marker.updated_at = Timestamp::from_micros(2);
    // Of two of one instant the lesser id is first.
    let after_three = if marker.id < servers[2].id { 2 } else { 3 };
    store.servers().server_update(&marker).await.unwrap();
    let filter = ServerFilter::default().project(project);
    let rest = async |key| {
        let page = PageRequest::largest().after(marker.id);
        let listed = store
            .servers()
            .server_list(&filter, ServerSort::by(key), &page)
            .await;
        let names = listed.unwrap().items.into_iter().map(|s| s.id);
        names.collect::<Vec<ServerId>>()
    };
    assert_eq!(rest(ServerSortKey::Name).await, [servers[3].id]);
    let expected: Vec<ServerId> = servers[after_three..].iter().map(|s| s.id).collect();
    assert_eq!(rest(ServerSortKey::UpdatedAt).await, expected);
}

/// While servers are inserted, paging in every order neither repeats nor hides those that stay.
pub async fn an_order_survives_concurrent_inserts(store: &Store, env: &Env) {
    let (project, host): (ProjectId, HostName) = (fresh(env, "project"), fresh(env, "host"));
    let staying = some(store, env, &project, &host).await;
    at_once(3, |index| {
        let (store, env) = (store.clone(), env.clone());
        let (staying, project) = (staying.clone(), project.clone());
        async move {
            if index > 0 {
                for step in 0..12 {
                    let mut passing = server_in(&env, &project);
                    passing.name = ["0", "a", "zz"][step % 3].parse().unwrap();
                    passing.created_at = Timestamp::from_micros([-9, 2, 99][step % 3]);
                    passing.updated_at = Timestamp::from_micros([-9, -2, 99][step % 3]);
                    store.servers().server_create(&passing).await.unwrap();
                }
                return;
            }
            let filter = ServerFilter::default().project(project);
            for sort in orders() {
                let expected = sorted(staying.clone(), sort);
                let mut seen = ids(&store, &filter, sort, 5).await;
                seen.retain(|id| expected.contains(id));
                assert_eq!(seen, expected, "{sort:?}");
            }
        }
    })
    .await;
}
