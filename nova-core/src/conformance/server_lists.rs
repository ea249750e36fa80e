//! Lists of servers: filters, order, pages.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, fresh, server, server_in};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{HostName, ProjectId, ServerId};
use crate::model::Server;
use crate::repository::{Deleted, PageRequest, ServerFilter, ServerSort, Store};
use crate::state::{TaskState, VmState};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(server_lists {
    filters_let_through_what_matches,
    pages_follow_creation_and_id,
    a_marker_must_exist_but_need_not_match,
    paging_survives_concurrent_writes,
});

/// Each condition of a filter and all of them together let through exactly what matches.
pub async fn filters_let_through_what_matches(store: &Store, env: &Env) {
    let projects: [ProjectId; 2] = [fresh(env, "project"), fresh(env, "project")];
    let hosts: [HostName; 2] = [fresh(env, "host"), fresh(env, "host")];
    let states = [VmState::Active, VmState::Stopped];
    let mut servers = Vec::new();
    for index in 0..48 {
        let mut server = server_in(env, &projects[index % 2]);
        server.host = [None, Some(hosts[0].clone()), Some(hosts[1].clone())][index / 2 % 3].clone();
        server.vm_state = states[index / 6 % 2];
        server.task_state = [None, Some(TaskState::Deleting)][index / 12 % 2];
        server.deleted_at = [None, Some(env.now())][index / 24 % 2];
        store.servers().server_create(&server).await.unwrap();
        servers.push(server);
    }
    servers.sort_by_key(|server| (server.created_at, server.id));

    // A project or a host of its own in every filter keeps other servers in the store out.
    let scopes = [
        (Some(0), None),
        (Some(1), None),
        (None, Some(0)),
        (None, Some(1)),
        (Some(0), Some(1)),
    ];
    for (project, host) in scopes {
        for vm_state in [None, Some(states[0]), Some(states[1]), Some(VmState::Error)] {
            for busy in [None, Some(false), Some(true)] {
                for deleted in [Deleted::Exclude, Deleted::Include, Deleted::Only] {
                    let mut filter = ServerFilter::default().deleted(deleted);
                    filter.project = project.map(|index: usize| projects[index].clone());
                    filter.host = host.map(|index: usize| hosts[index].clone());
                    filter.vm_states.extend(vm_state);
                    filter.busy = busy;
                    let expected: Vec<ServerId> = servers
                        .iter()
                        .filter(|server| lets_through(&filter, server))
                        .map(|s| s.id)
                        .collect();
                    assert_eq!(
                        ids(store, &filter, ServerSort::default(), 1000).await,
                        expected,
                        "{filter:?}"
                    );
                }
            }
        }
    }
}

/// The order is creation time, then id; pages of every size have every server once, and only the
/// last has no marker for another.
pub async fn pages_follow_creation_and_id(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let mut servers = Vec::new();
    for index in 0..12 {
        let mut server = server_in(env, &project);
        // Created in another order than that of their times, four of each instant.
        server.created_at = Timestamp::from_micros(1_000 - index % 3);
        store.servers().server_create(&server).await.unwrap();
        servers.push(server);
    }
    servers.sort_by_key(|server| (server.created_at, server.id));
    let expected: Vec<ServerId> = servers.iter().map(|server| server.id).collect();
    let filter = ServerFilter::default().project(project);
    for limit in [1, 2, 3, 5, 6, 11, 12, 13, 1000] {
        assert_eq!(
            ids(store, &filter, ServerSort::default(), limit).await,
            expected,
            "in pages of {limit}"
        );
    }
    let whole = store
        .servers()
        .server_list(
            &filter,
            ServerSort::default(),
            &PageRequest::first(12).unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(whole.items, servers);
    assert_eq!(whole.next, None, "the last page has a marker for another");
    let part = store
        .servers()
        .server_list(
            &filter,
            ServerSort::default(),
            &PageRequest::first(11).unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(part.next, Some(expected[10]));
    let nothing = ServerFilter::default().project(fresh(env, "project"));
    assert!(
        ids(store, &nothing, ServerSort::default(), 3)
            .await
            .is_empty()
    );
}

/// A marker that is not there is `NotFound`; one that the filter refuses, or that was deleted
/// since, still says where to go on.
pub async fn a_marker_must_exist_but_need_not_match(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let filter = ServerFilter::default().project(project.clone());
    let mut servers = Vec::new();
    for micros in 0..3 {
        let mut server = server_in(env, &project);
        server.created_at = Timestamp::from_micros(micros);
        store.servers().server_create(&server).await.unwrap();
        servers.push(server);
    }
    let missing = ServerId::generate(env);
    assert_fails!(
        store.servers().server_list(&filter, ServerSort::default(), &PageRequest::largest().after(missing)).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == missing.to_string()
    );

    store
        .servers()
        .server_update(&deleted(servers[1].clone(), env.now()))
        .await
        .unwrap();
    let mut stranger = server(env);
    stranger.created_at = Timestamp::from_micros(1);
    store.servers().server_create(&stranger).await.unwrap();
    for marker in [servers[1].id, stranger.id] {
        let page = PageRequest::largest().after(marker);
        let rest = store
            .servers()
            .server_list(&filter, ServerSort::default(), &page)
            .await
            .unwrap();
        let rest: Vec<ServerId> = rest.items.iter().map(|server| server.id).collect();
        assert_eq!(rest, [servers[2].id]);
    }
}

/// While servers are created and deleted, paging neither repeats nor hides those that stay.
pub async fn paging_survives_concurrent_writes(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let filter = ServerFilter::default().project(project.clone());
    let mut staying = Vec::new();
    for _ in 0..20 {
        let server = server_in(env, &project);
        store.servers().server_create(&server).await.unwrap();
        staying.push((server.created_at, server.id));
    }
    staying.sort_unstable();
    let staying: Vec<ServerId> = staying.into_iter().map(|(_, id)| id).collect();
    at_once(5, |index| {
        let (store, env, filter, project) =
            (store.clone(), env.clone(), filter.clone(), project.clone());
        let staying = staying.clone();
        async move {
            if index == 0 {
                for _ in 0..8 {
                    let mut seen = ids(&store, &filter, ServerSort::default(), 3).await;
                    let total = seen.len();
                    seen.retain(|id| staying.contains(id));
                    assert_eq!(seen, staying, "among {total}");
                }
                return;
            }
            for step in 0..8 {
                let mut passing = server_in(&env, &project);
                if step % 2 == 0 {
                    passing.created_at = Timestamp::from_micros(step);
                }
                store.servers().server_create(&passing).await.unwrap();
                store
                    .servers()
                    .server_update(&deleted(passing, env.now()))
                    .await
                    .unwrap();
            }
        }
    })
    .await;
}

/// The ids of all pages of so many.
pub(super) async fn ids(
    store: &Store,
    filter: &ServerFilter,
    sort: ServerSort,
    limit: u32,
) -> Vec<ServerId> {
    let mut ids = Vec::new();
    let mut request = PageRequest::first(limit).unwrap();
    loop {
        let page = store
            .servers()
            .server_list(filter, sort, &request)
            .await
            .unwrap();
        assert!(
            page.items.len() <= limit as usize,
            "a page of more than {limit}"
        );
        for server in &page.items {
            assert!(
                !ids.contains(&server.id),
                "server {} is listed twice",
                server.id
            );
            ids.push(server.id);
        }
        match page.next {
            Some(marker) => {
                assert_eq!(ids.last(), Some(&marker), "the marker is not the last item");
                request = request.after(marker);
            }
            None => return ids,
        }
    }
}

fn lets_through(filter: &ServerFilter, server: &Server) -> bool {
    filter
        .project
        .as_ref()
        .is_none_or(|project| *project == server.project_id)
        && (filter.host.is_none() || filter.host == server.host)
        && (filter.vm_states.is_empty() || filter.vm_states.contains(&server.vm_state))
        && filter
            .busy
            .is_none_or(|busy| busy == server.task_state.is_some())
        && match filter.deleted {
            Deleted::Exclude => server.deleted_at.is_none(),
            Deleted::Include => true,
            Deleted::Only => server.deleted_at.is_some(),
        }
}
