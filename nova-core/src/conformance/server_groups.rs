//! Server groups.

use std::collections::BTreeSet;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, fresh, is_already_exists, server, successes};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{ProjectId, ServerGroupId, ServerId};
use crate::model::{ServerGroup, ServerGroupPolicy, ServerGroupRules};
use crate::repository::{PageRequest, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(server_groups {
    a_created_group_reads_back,
    a_taken_id_is_refused,
    a_missing_group_is_not_found,
    groups_come_in_pages,
    members_come_and_go,
    a_server_is_in_one_group,
    a_bound_holds,
    racing_additions_keep_the_bound,
    of_racing_groups_one_gets_the_server,
    a_purged_server_leaves_its_group,
    a_deleted_group_frees_its_servers,
});

pub(super) fn group(env: &Env, project: &ProjectId) -> ServerGroup {
    ServerGroup::new(
        ServerGroupId::generate(env),
        project.clone(),
        fresh(env, "user"),
        "web \u{e4}\u{1f980} '\"\\".parse().unwrap(),
        ServerGroupPolicy::AntiAffinity,
        env.now(),
    )
}

pub(super) async fn created(store: &Store, env: &Env) -> ServerGroup {
    let group = group(env, &fresh(env, "project"));
    store
        .server_groups()
        .server_group_create(&group)
        .await
        .unwrap();
    group
}

/// So many servers, by id.
async fn servers(store: &Store, env: &Env, count: usize) -> Vec<ServerId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let server = server(env);
        store.servers().server_create(&server).await.unwrap();
        ids.push(server.id);
    }
    ids.sort_unstable();
    ids
}

pub(super) fn set(ids: &[ServerId]) -> BTreeSet<ServerId> {
    ids.iter().copied().collect()
}

/// `server_group_create` keeps every field, of every policy.
pub async fn a_created_group_reads_back(store: &Store, env: &Env) {
    let most = [1, 2, u32::MAX].map(|most| most.try_into().ok());
    let mut rules: Vec<ServerGroupRules> = most
        .into_iter()
        .map(|most| ServerGroupRules::new(ServerGroupPolicy::AntiAffinity, most).unwrap())
        .collect();
    rules.extend(
        ServerGroupPolicy::ALL
            .iter()
            .copied()
            .map(ServerGroupRules::from),
    );
    for rules in rules {
        let mut group = group(env, &fresh(env, "project"));
        group.rules = rules;
        group.name = "\u{1f980}".repeat(255).parse().unwrap();
        group.created_at = Timestamp::from_micros(-1);
        store
            .server_groups()
            .server_group_create(&group)
            .await
            .unwrap();
        let held = store.server_groups().server_group_get(group.id).await;
        assert_eq!(held.unwrap(), group);
    }
}

/// `server_group_create` refuses a taken id, and members.
pub async fn a_taken_id_is_refused(store: &Store, env: &Env) {
    let first = created(store, env).await;
    let mut second = group(env, &fresh(env, "project"));
    second.id = first.id;
    assert_fails!(
        store.server_groups().server_group_create(&second).await,
        Error::AlreadyExists { kind: ObjectKind::ServerGroup, id } if id == first.id.to_string()
    );
    let held = store.server_groups().server_group_get(first.id).await;
    assert_eq!(held.unwrap(), first);
    second.members = set(&servers(store, env, 1).await);
    assert_fails!(
        store.server_groups().server_group_create(&second).await,
        Error::Invalid { .. }
    );
    let twin = group(env, &fresh(env, "project"));
    let results = at_once(8, |_| {
        let (store, twin) = (store.clone(), twin.clone());
        async move { store.server_groups().server_group_create(&twin).await }
    })
    .await;
    assert_eq!(successes(results, is_already_exists).len(), 1);
}

/// Calls of an unknown group are `NotFound`; an unknown server is in no group.
pub async fn a_missing_group_is_not_found(store: &Store, env: &Env) {
    let (groups, missing) = (store.server_groups(), ServerGroupId::generate(env));
    let members = set(&[ServerId::generate(env)]);
    for result in [
        groups.server_group_get(missing).await,
        groups
            .server_group_add_members(missing, &members, None)
            .await,
        groups.server_group_remove_members(missing, &members).await,
    ] {
        assert_fails!(
            result,
            Error::NotFound { kind: ObjectKind::ServerGroup, id } if id == missing.to_string()
        );
    }
    assert!(!groups.server_group_delete(missing).await.unwrap());
    let of = groups.server_group_of(ServerId::generate(env)).await;
    assert_eq!(of.unwrap(), None);
}

/// `server_group_list` is a project's or everybody's, by id, in pages, while others are created.
pub async fn groups_come_in_pages(store: &Store, env: &Env) {
    let groups = store.server_groups();
    let project: ProjectId = fresh(env, "project");
    let mut expected = Vec::new();
    for _ in 0..7 {
        let mut group = group(env, &project);
        groups.server_group_create(&group).await.unwrap();
        let members = set(&servers(store, env, 2).await);
        group = groups
            .server_group_add_members(group.id, &members, None)
            .await
            .unwrap();
        expected.push(group);
        created(store, env).await;
    }
    expected.sort_by_key(|group| group.id);
    for limit in [1, 3, 7, 1000] {
        for filter in [Some(&project), None] {
            let mut listed: Vec<ServerGroup> = Vec::new();
            let mut request = PageRequest::first(limit).unwrap();
            if filter.is_none() && limit < 1000 {
                request = request.after(expected[0].id);
            }
            loop {
                let page = groups.server_group_list(filter, &request).await.unwrap();
                listed.extend(page.items);
                assert!(listed.is_sorted_by(|one, two| one.id < two.id));
                let Some(marker) = page.next else { break };
                assert_eq!(listed.last().map(|group| group.id), Some(marker));
                request = request.after(marker);
                if listed.iter().any(|group| group.id == expected[6].id) {
                    break;
                }
                created(store, env).await;
            }
            listed.retain(|group| group.project_id == project);
            let first = usize::from(filter.is_none() && limit < 1000);
            assert_eq!(listed, expected[first..], "{filter:?} in pages of {limit}");
        }
    }
}

/// Adding and removing members is idempotent, and what is returned is what is held.
pub async fn members_come_and_go(store: &Store, env: &Env) {
    let (groups, group) = (store.server_groups(), created(store, env).await);
    let ids = servers(store, env, 3).await;
    let check = async |returned: ServerGroup, expected: &[ServerId]| {
        assert_eq!(returned.members, set(expected));
        let held = groups.server_group_get(group.id).await.unwrap();
        assert_eq!(held, returned);
        for id in &ids {
            let of = groups.server_group_of(*id).await.unwrap();
            assert_eq!(of.as_ref(), expected.contains(id).then_some(&held));
        }
    };
    let add = async |some: &[ServerId]| {
        let some = set(some);
        let added = groups.server_group_add_members(group.id, &some, None);
        added.await.unwrap()
    };
    let remove = async |some: &[ServerId]| {
        let some = set(some);
        let removed = groups.server_group_remove_members(group.id, &some);
        removed.await.unwrap()
    };
    check(add(&[]).await, &[]).await;
    check(add(&ids[1..]).await, &ids[1..]).await;
    check(add(&ids[1..]).await, &ids[1..]).await;
    check(add(&ids).await, &ids).await;
    check(remove(&[]).await, &ids).await;
    check(remove(&ids[..1]).await, &ids[1..]).await;
    check(remove(&[ids[0], ServerId::generate(env)]).await, &ids[1..]).await;
    check(remove(&ids).await, &[]).await;
}

/// A server that is in another group is `InUse`, one that is not there `NotFound`; then none is
/// added.
pub async fn a_server_is_in_one_group(store: &Store, env: &Env) {
    let groups = store.server_groups();
    let (group, other) = (created(store, env).await, created(store, env).await);
    let ids = servers(store, env, 3).await;
    let taken = set(&ids[1..]);
    groups
        .server_group_add_members(other.id, &taken, None)
        .await
        .unwrap();
    assert_fails!(
        groups.server_group_add_members(group.id, &set(&ids), Some(0)).await,
        Error::InUse { kind: ObjectKind::Server, id, .. } if id == ids[1].to_string()
    );
    let (missing, also) = (ServerId::generate(env), ServerId::generate(env));
    let mut with_missing = set(&ids);
    with_missing.extend([missing, also]);
    assert_fails!(
        groups.server_group_add_members(group.id, &with_missing, Some(0)).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == missing.min(also).to_string()
    );
    assert_eq!(groups.server_group_get(group.id).await.unwrap(), group);
    assert_eq!(groups.server_group_of(ids[0]).await.unwrap(), None);
    // Removing from a group that they are not in changes nothing.
    let unchanged = groups.server_group_remove_members(group.id, &taken).await;
    assert_eq!(unchanged.unwrap(), group);
    let held = groups.server_group_get(other.id).await.unwrap();
    assert_eq!(held.members, taken);
}

/// `server_group_add_members` is `LimitExceeded` when the group would have more than the bound;
/// servers that are in it already do not count again.
pub async fn a_bound_holds(store: &Store, env: &Env) {
    let (groups, group) = (store.server_groups(), created(store, env).await);
    let ids = servers(store, env, 4).await;
    let add = async |some: &[ServerId], limit| {
        let some = set(some);
        groups
            .server_group_add_members(group.id, &some, Some(limit))
            .await
    };
    assert_fails!(
        add(&ids[..3], 2).await,
        Error::LimitExceeded { kind: ObjectKind::Server, owner, limit: 2 }
            if owner == group.id.to_string()
    );
    let held = groups.server_group_get(group.id).await.unwrap();
    assert_eq!(held.members.len(), 0);
    assert_eq!(add(&ids[..2], 2).await.unwrap().members, set(&ids[..2]));
    assert_eq!(add(&ids[..2], 2).await.unwrap().members, set(&ids[..2]));
    assert_fails!(add(&ids[..3], 2).await, Error::LimitExceeded { .. });
    assert_eq!(add(&ids[..2], 1).await.unwrap().members, set(&ids[..2]));
    assert_eq!(add(&ids[1..], 4).await.unwrap().members, set(&ids));
}

/// Additions at once do not exceed the bound, and fill it.
pub async fn racing_additions_keep_the_bound(store: &Store, env: &Env) {
    let group = created(store, env).await.id;
    let ids = servers(store, env, 10).await;
    let results = at_once(10, |index| {
        let (store, one) = (store.clone(), set(&ids[index..=index]));
        async move {
            let groups = store.server_groups();
            groups.server_group_add_members(group, &one, Some(4)).await
        }
    })
    .await;
    let added = successes(results, |e| matches!(e, Error::LimitExceeded { .. }));
    assert_eq!(added.len(), 4);
    let held = store.server_groups().server_group_get(group).await.unwrap();
    assert_eq!(held.members.len(), 4);
}

/// Of several groups that want the same servers at once, one gets them all.
pub async fn of_racing_groups_one_gets_the_server(store: &Store, env: &Env) {
    let ids = set(&servers(store, env, 3).await);
    let mut groups = Vec::new();
    for _ in 0..6 {
        groups.push(created(store, env).await.id);
    }
    let results = at_once(6, |index| {
        let (store, group, ids) = (store.clone(), groups[index], ids.clone());
        async move {
            let groups = store.server_groups();
            groups.server_group_add_members(group, &ids, None).await
        }
    })
    .await;
    let winners = successes(results, |error| matches!(error, Error::InUse { .. }));
    assert_eq!(winners.len(), 1);
    let first = ids.iter().next().copied().unwrap();
    let held = store.server_groups().server_group_of(first).await.unwrap();
    assert_eq!(held.as_ref(), Some(&winners[0]));
    assert_eq!(winners[0].members, ids);
}

/// A server leaves its group when it is purged, not when it is deleted.
pub async fn a_purged_server_leaves_its_group(store: &Store, env: &Env) {
    let (groups, group) = (store.server_groups(), created(store, env).await.id);
    let ids = servers(store, env, 2).await;
    groups
        .server_group_add_members(group, &set(&ids), None)
        .await
        .unwrap();
    let gone = store.servers().server_get(ids[0]).await.unwrap();
    let gone = deleted(gone, env.now());
    let gone = store.servers().server_update(&gone).await.unwrap();
    let held = groups.server_group_get(group).await.unwrap();
    assert_eq!(held.members, set(&ids));
    let purged = store.servers().server_purge(gone.id, gone.generation).await;
    assert!(purged.unwrap());
    let held = groups.server_group_get(group).await.unwrap();
    assert_eq!(held.members, set(&ids[1..]));
    assert_eq!(groups.server_group_of(ids[0]).await.unwrap(), None);
}

/// `server_group_delete` returns whether it was there; its servers stay and may join another.
pub async fn a_deleted_group_frees_its_servers(store: &Store, env: &Env) {
    let groups = store.server_groups();
    let (group, other) = (created(store, env).await, created(store, env).await);
    let ids = servers(store, env, 2).await;
    groups
        .server_group_add_members(group.id, &set(&ids), None)
        .await
        .unwrap();
    assert!(groups.server_group_delete(group.id).await.unwrap());
    assert!(!groups.server_group_delete(group.id).await.unwrap());
    let get = groups.server_group_get(group.id).await;
    assert!(get.unwrap_err().is_not_found());
    assert_eq!(groups.server_group_of(ids[0]).await.unwrap(), None);
    let page = groups
        .server_group_list(Some(&group.project_id), &PageRequest::largest())
        .await
        .unwrap();
    assert_eq!(page.items, []);
    let ids = set(&ids);
    let joined = groups.server_group_add_members(other.id, &ids, None);
    assert_eq!(joined.await.unwrap().members, ids);
}
