//! Quotas: limits, and what is charged when servers come, change and go.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, flavor, fresh, server_in, successes};
use super::server_groups::group;
use crate::env::Env;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ProjectId;
use crate::model::{Flavor, QuotaLimit, QuotaResource, QuotaScope, Server, ServerGroup};
use crate::repository::{ServerBatch, Store};
use crate::state::VmState;
use crate::units::{Gibibytes, Mebibytes};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(quotas {
    a_limit_is_set_and_taken_away,
    servers_are_charged_while_they_live,
    a_softly_deleted_server_is_not_charged,
    a_larger_flavor_is_charged_and_bounded,
    beyond_the_limit_nothing_is_created,
    a_batch_charges_every_project,
    a_limit_below_the_use_grants_nothing_more,
    a_refused_create_charges_nothing,
    racing_creates_stay_within_the_limit,
    a_create_and_a_delete_that_race_leave_the_right_sum,
    a_resize_is_charged_with_the_larger,
    opposite_changes_that_race_leave_the_right_sum,
    a_recount_finds_nothing_wrong,
    groups_are_charged_while_they_are_there,
    beyond_the_limit_no_group_is_created,
    a_refused_group_charges_nothing,
    racing_groups_stay_within_the_limit,
    groups_that_come_and_go_at_once_leave_the_right_sum,
    a_recount_counts_groups,
});

async fn limit(store: &Store, project: &ProjectId, resource: QuotaResource, units: Option<u64>) {
    let scope = QuotaScope::Project(project.clone());
    let limit = units.map(|units| QuotaLimit::at_most(units).unwrap());
    store
        .quotas()
        .quota_set_limit(&scope, resource, limit)
        .await
        .unwrap();
}

/// What is used of instances, cores and RAM.
async fn used(store: &Store, project: &ProjectId) -> [u64; 3] {
    let quotas = store.quotas().quotas_of(project).await.unwrap();
    let order: Vec<_> = quotas.iter().map(|quota| quota.resource).collect();
    assert_eq!(order, QuotaResource::ALL);
    [quotas[0].used, quotas[1].used, quotas[2].used]
}

/// A project's own limit goes before the default; without either there is none.
pub async fn a_limit_is_set_and_taken_away(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    // The default belongs to everyone who shares the store: one that binds nobody.
    let resource = QuotaResource::ServerGroups;
    let get = async || store.quotas().quotas_of(&project).await.unwrap()[3];
    let most = QuotaLimit::at_most(i64::MAX as u64 - 1).unwrap();
    let default = &QuotaScope::Default;
    store
        .quotas()
        .quota_set_limit(default, resource, None)
        .await
        .unwrap();
    assert_eq!(
        (get().await.limit, get().await.own),
        (QuotaLimit::UNLIMITED, false)
    );
    store
        .quotas()
        .quota_set_limit(default, resource, Some(most))
        .await
        .unwrap();
    assert_eq!((get().await.limit, get().await.own), (most, false));
    for units in [7, 7, 0] {
        limit(store, &project, resource, Some(units)).await;
        assert_eq!(get().await.limit, QuotaLimit::at_most(units).unwrap());
        assert!(get().await.own);
    }
    let own = QuotaScope::Project(project.clone());
    let none = Some(QuotaLimit::UNLIMITED);
    store
        .quotas()
        .quota_set_limit(&own, resource, none)
        .await
        .unwrap();
    assert_eq!(
        (get().await.limit, get().await.own),
        (QuotaLimit::UNLIMITED, true)
    );
    for _ in 0..2 {
        limit(store, &project, resource, None).await;
        assert_eq!((get().await.limit, get().await.own), (most, false));
    }
    store
        .quotas()
        .quota_set_limit(default, resource, None)
        .await
        .unwrap();
}

/// A create charges instances, cores and RAM; the write that marks the server deleted gives them
/// back; what comes after changes nothing.
pub async fn servers_are_charged_while_they_live(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    assert_eq!(used(store, &project).await, [0, 0, 0]);
    let servers = [server_in(env, &project), server_in(env, &project)];
    for server in &servers {
        store.servers().server_create(server).await.unwrap();
    }
    assert_eq!(used(store, &project).await, [2, 4, 1024]);
    let gone = deleted(servers[0].clone(), env.now());
    let gone = store.servers().server_update(&gone).await.unwrap();
    assert_eq!(used(store, &project).await, [1, 2, 512]);
    let gone = store.servers().server_update(&gone).await.unwrap();
    store
        .servers()
        .server_purge(gone.id, gone.generation)
        .await
        .unwrap();
    assert_eq!(used(store, &project).await, [1, 2, 512]);
}

/// Softly deleted is not charged, and restored is charged again if it fits.
pub async fn a_softly_deleted_server_is_not_charged(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let mut server = server_in(env, &project);
    server.vm_state = VmState::Active;
    store.servers().server_create(&server).await.unwrap();
    server.vm_state = VmState::SoftDeleted;
    let mut soft = store.servers().server_update(&server).await.unwrap();
    assert_eq!(used(store, &project).await, [0, 0, 0]);
    limit(store, &project, QuotaResource::Cores, Some(1)).await;
    soft.vm_state = VmState::Active;
    assert_fails!(
        store.servers().server_update(&soft).await,
        Error::QuotaExceeded {
            resource: QuotaResource::Cores,
            limit: 1,
            used: 0,
            requested: 2,
            ..
        }
    );
    let kept = store.servers().server_get(server.id).await.unwrap();
    assert_eq!(
        (kept.vm_state, kept.generation),
        (VmState::SoftDeleted, soft.generation)
    );
    limit(store, &project, QuotaResource::Cores, Some(2)).await;
    store.servers().server_update(&soft).await.unwrap();
    assert_eq!(used(store, &project).await, [1, 2, 512]);
}

fn sized(env: &Env, vcpus: u32, memory: u64) -> Flavor {
    let (memory, disk) = (Mebibytes::new(memory), Gibibytes::new(1));
    Flavor::builder(fresh(env, "flavor"), vcpus, memory, disk)
        .build()
        .unwrap()
}

/// A write of another flavor is charged the difference, up and down, within the limit.
pub async fn a_larger_flavor_is_charged_and_bounded(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let mut server = server_in(env, &project);
    store.servers().server_create(&server).await.unwrap();
    limit(store, &project, QuotaResource::Cores, Some(6)).await;
    server.flavor = sized(env, 6, 256);
    let server = store.servers().server_update(&server).await.unwrap();
    assert_eq!(used(store, &project).await, [1, 6, 256]);
    let larger = Server {
        flavor: sized(env, 7, 64),
        ..server.clone()
    };
    assert_fails!(
        store.servers().server_update(&larger).await,
        Error::QuotaExceeded {
            resource: QuotaResource::Cores,
            limit: 6,
            used: 6,
            requested: 1,
            ..
        }
    );
    assert_eq!(used(store, &project).await, [1, 6, 256]);
    assert_eq!(store.servers().server_get(server.id).await.unwrap(), server);
}

/// A batch beyond a limit creates nothing and charges nothing; the first resource is reported.
pub async fn beyond_the_limit_nothing_is_created(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    limit(store, &project, QuotaResource::Instances, Some(2)).await;
    limit(store, &project, QuotaResource::Ram, Some(700)).await;
    let servers = [
        server_in(env, &project),
        server_in(env, &project),
        server_in(env, &project),
    ];
    assert_fails!(
        store.servers().server_create_batch(&ServerBatch::of(servers.clone())).await,
        Error::QuotaExceeded { project: of, resource: QuotaResource::Instances, limit: 2, used: 0, requested: 3 }
            if of == project
    );
    assert_fails!(
        store
            .servers()
            .server_create_batch(&ServerBatch::of(servers[..2].to_vec()))
            .await,
        Error::QuotaExceeded {
            resource: QuotaResource::Ram,
            limit: 700,
            used: 0,
            requested: 1024,
            ..
        }
    );
    assert_eq!(used(store, &project).await, [0, 0, 0]);
    for server in &servers {
        assert!(
            store
                .servers()
                .server_get(server.id)
                .await
                .unwrap_err()
                .is_not_found()
        );
    }
    store.servers().server_create(&servers[0]).await.unwrap();
    assert_fails!(
        store.servers().server_create(&servers[1]).await,
        Error::QuotaExceeded {
            resource: QuotaResource::Ram,
            limit: 700,
            used: 512,
            requested: 512,
            ..
        }
    );
}

/// A batch for as many projects as it has servers charges each, be they all new.
pub async fn a_batch_charges_every_project(store: &Store, env: &Env) {
    let projects: Vec<ProjectId> = (0..40).map(|_| fresh(env, "project")).collect();
    let servers = projects.iter().map(|project| server_in(env, project));
    let batch = ServerBatch::of(servers);
    store.servers().server_create_batch(&batch).await.unwrap();
    for project in &projects {
        assert_eq!(used(store, project).await, [1, 2, 512]);
    }
}

/// A limit that is set below what is used takes nothing, and grants nothing until it has shrunk.
pub async fn a_limit_below_the_use_grants_nothing_more(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let servers = [
        server_in(env, &project),
        server_in(env, &project),
        server_in(env, &project),
    ];
    for server in &servers[..2] {
        store.servers().server_create(server).await.unwrap();
    }
    limit(store, &project, QuotaResource::Instances, Some(1)).await;
    assert_eq!(used(store, &project).await[0], 2);
    assert_fails!(
        store.servers().server_create(&servers[2]).await,
        Error::QuotaExceeded {
            limit: 1,
            used: 2,
            requested: 1,
            ..
        }
    );
    let renamed = Server {
        name: "x".parse().unwrap(),
        ..servers[0].clone()
    };
    let renamed = store.servers().server_update(&renamed).await.unwrap();
    for server in [renamed, servers[1].clone()] {
        store
            .servers()
            .server_update(&deleted(server, env.now()))
            .await
            .unwrap();
    }
    store.servers().server_create(&servers[2]).await.unwrap();
}

/// A create that is refused for its id charges nothing.
pub async fn a_refused_create_charges_nothing(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let server = server_in(env, &project);
    store.servers().server_create(&server).await.unwrap();
    let batch = ServerBatch::of([server_in(env, &project), server.clone()]);
    assert_fails!(
        store.servers().server_create_batch(&batch).await,
        Error::AlreadyExists { id, .. } if id == server.id.to_string()
    );
    // Its id goes before its quota.
    limit(store, &project, QuotaResource::Instances, Some(1)).await;
    assert_fails!(
        store.servers().server_create_batch(&batch).await,
        Error::AlreadyExists { .. }
    );
    assert_eq!(used(store, &project).await, [1, 2, 512]);
}

/// Of 32 creates at once in a new project with room for ten, ten succeed.
pub async fn racing_creates_stay_within_the_limit(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    limit(store, &project, QuotaResource::Cores, Some(21)).await;
    let results = at_once(32, |_| {
        let (store, server) = (store.clone(), server_in(env, &project));
        async move { store.servers().server_create(&server).await }
    })
    .await;
    let exceeded = |error: &Error| matches!(error, Error::QuotaExceeded { .. });
    assert_eq!(successes(results, exceeded).len(), 10);
    assert_eq!(used(store, &project).await, [10, 20, 5120]);
}

/// Creates, deletes and resizes in one project at once leave the sum of what is there.
pub async fn a_create_and_a_delete_that_race_leave_the_right_sum(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    at_once(16, |index| {
        let (store, server) = (store.clone(), server_in(env, &project));
        let (now, other) = (env.now(), sized(env, 5, 100));
        async move {
            store.servers().server_create(&server).await.unwrap();
            let resized = Server {
                flavor: other,
                ..server
            };
            let server = store.servers().server_update(&resized).await.unwrap();
            if index % 4 != 0 {
                store
                    .servers()
                    .server_update(&deleted(server, now))
                    .await
                    .unwrap();
            }
        }
    })
    .await;
    assert_eq!(used(store, &project).await, [4, 20, 400]);
}

/// While a server is resized it is charged with the larger flavor of the two, resource by resource.
pub async fn a_resize_is_charged_with_the_larger(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let mut server = server_in(env, &project);
    store.servers().server_create(&server).await.unwrap();
    server.new_flavor = Some(sized(env, 6, 128));
    let mut server = store.servers().server_update(&server).await.unwrap();
    assert_eq!(used(store, &project).await, [1, 6, 512]);
    server.old_flavor = Some(server.flavor.clone());
    server.flavor = server.new_flavor.take().unwrap();
    let mut server = store.servers().server_update(&server).await.unwrap();
    assert_eq!(used(store, &project).await, [1, 6, 512]);
    server.old_flavor = None;
    store.servers().server_update(&server).await.unwrap();
    assert_eq!(used(store, &project).await, [1, 6, 128]);
}

/// Writes that take of one resource and give back of another, in both directions at once, leave
/// the right sum.
pub async fn opposite_changes_that_race_leave_the_right_sum(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let (wide, tall) = (sized(env, 8, 64), sized(env, 1, 512));
    at_once(8, |index| {
        let (store, server) = (store.clone(), server_in(env, &project));
        let mut flavors = [wide.clone(), tall.clone()];
        flavors.rotate_left(index % 2);
        async move {
            let mut server = Server {
                flavor: flavors[1].clone(),
                ..server
            };
            store.servers().server_create(&server).await.unwrap();
            for round in 0..10 {
                server.flavor = flavors[round % 2].clone();
                server = store.servers().server_update(&server).await.unwrap();
            }
        }
    })
    .await;
    assert_eq!(used(store, &project).await, [8, 4 * 9, 4 * 576]);
    assert!(!store.quotas().quota_recount(&project).await.unwrap());
}

/// `quota_recount` finds that the charges are the sum of the servers.
pub async fn a_recount_finds_nothing_wrong(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    assert!(!store.quotas().quota_recount(&project).await.unwrap());
    for index in 0..3 {
        let mut server = server_in(env, &project);
        server.flavor = flavor(env);
        store.servers().server_create(&server).await.unwrap();
        if index == 0 {
            store
                .servers()
                .server_update(&deleted(server, env.now()))
                .await
                .unwrap();
        }
    }
    assert!(!store.quotas().quota_recount(&project).await.unwrap());
    assert_eq!(used(store, &project).await, [2, 4, 1024]);
}

/// How many server groups are charged.
async fn groups_used(store: &Store, project: &ProjectId) -> u64 {
    let quotas = store.quotas().quotas_of(project).await.unwrap();
    let mut quotas = quotas.iter();
    let groups = quotas.find(|quota| quota.resource == QuotaResource::ServerGroups);
    groups.unwrap().used
}

async fn create_group(store: &Store, env: &Env, project: &ProjectId) -> Result<ServerGroup> {
    let group = group(env, project);
    let groups = store.server_groups();
    groups.server_group_create(&group).await.map(|()| group)
}

/// A group charges one, with or without members, until it is deleted; deleting it again gives
/// nothing back.
pub async fn groups_are_charged_while_they_are_there(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let first = create_group(store, env, &project).await.unwrap();
    create_group(store, env, &project).await.unwrap();
    assert_eq!(groups_used(store, &project).await, 2);
    assert_eq!(used(store, &project).await, [0, 0, 0]);
    let server = server_in(env, &project);
    store.servers().server_create(&server).await.unwrap();
    let (groups, members) = (store.server_groups(), [server.id].into());
    let added = groups.server_group_add_members(first.id, &members, None);
    added.await.unwrap();
    assert_eq!(groups_used(store, &project).await, 2);
    assert!(groups.server_group_delete(first.id).await.unwrap());
    assert_eq!(groups_used(store, &project).await, 1);
    assert!(!groups.server_group_delete(first.id).await.unwrap());
    assert_eq!(groups_used(store, &project).await, 1);
    assert_eq!(used(store, &project).await, [1, 2, 512]);
}

/// A group beyond the limit is not created; after another is deleted it is.
pub async fn beyond_the_limit_no_group_is_created(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    limit(store, &project, QuotaResource::ServerGroups, Some(1)).await;
    let held = create_group(store, env, &project).await.unwrap();
    let (groups, second) = (store.server_groups(), group(env, &project));
    assert_fails!(
        groups.server_group_create(&second).await,
        Error::QuotaExceeded {
            project: of,
            resource: QuotaResource::ServerGroups,
            limit: 1,
            used: 1,
            requested: 1,
        } if of == project
    );
    let missing = groups.server_group_get(second.id).await;
    assert!(missing.unwrap_err().is_not_found());
    assert_eq!(groups_used(store, &project).await, 1);
    // Another project's groups are its own affair.
    create_group(store, env, &fresh(env, "project"))
        .await
        .unwrap();
    assert!(groups.server_group_delete(held.id).await.unwrap());
    groups.server_group_create(&second).await.unwrap();
    limit(store, &project, QuotaResource::ServerGroups, Some(0)).await;
    assert_fails!(
        create_group(store, env, &project).await,
        Error::QuotaExceeded {
            limit: 0,
            used: 1,
            ..
        }
    );
}

/// A create that is refused for its id charges nothing; its id goes before its quota.
pub async fn a_refused_group_charges_nothing(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let held = create_group(store, env, &project).await.unwrap();
    let groups = store.server_groups();
    for most in [None, Some(1)] {
        limit(store, &project, QuotaResource::ServerGroups, most).await;
        assert_fails!(
            groups.server_group_create(&held).await,
            Error::AlreadyExists { kind: ObjectKind::ServerGroup, id } if id == held.id.to_string()
        );
    }
    assert_eq!(groups_used(store, &project).await, 1);
}

/// Of 16 groups at once in a new project with room for five, five are created.
pub async fn racing_groups_stay_within_the_limit(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    limit(store, &project, QuotaResource::ServerGroups, Some(5)).await;
    let results = at_once(16, |_| {
        let (store, env, project) = (store.clone(), env.clone(), project.clone());
        async move { create_group(&store, &env, &project).await }
    })
    .await;
    let exceeded = |error: &Error| matches!(error, Error::QuotaExceeded { .. });
    assert_eq!(successes(results, exceeded).len(), 5);
    assert_eq!(groups_used(store, &project).await, 5);
}

/// Groups that are created and deleted at once, each deletion twice, leave the sum of what is
/// there.
pub async fn groups_that_come_and_go_at_once_leave_the_right_sum(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(create_group(store, env, &project).await.unwrap().id);
    }
    let deleted = at_once(16, |index| {
        let (store, env, project) = (store.clone(), env.clone(), project.clone());
        let gone = ids.get(index % 8).copied();
        async move {
            match gone {
                Some(id) => store.server_groups().server_group_delete(id).await.unwrap(),
                None => create_group(&store, &env, &project).await.is_err(),
            }
        }
    })
    .await;
    assert_eq!(deleted.iter().filter(|gone| **gone).count(), 4);
    assert_eq!(groups_used(store, &project).await, 8);
    assert!(!store.quotas().quota_recount(&project).await.unwrap());
}

/// `quota_recount` finds the groups that are there.
pub async fn a_recount_counts_groups(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    create_group(store, env, &project).await.unwrap();
    let gone = create_group(store, env, &project).await.unwrap();
    create_group(store, env, &fresh(env, "project"))
        .await
        .unwrap();
    assert!(!store.quotas().quota_recount(&project).await.unwrap());
    assert_eq!(groups_used(store, &project).await, 2);
    let groups = store.server_groups();
    groups.server_group_delete(gone.id).await.unwrap();
    assert!(!store.quotas().quota_recount(&project).await.unwrap());
    assert_eq!(groups_used(store, &project).await, 1);
}
