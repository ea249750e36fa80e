//! Calls of the repository of server groups, and of servers as far as they meet.

use std::collections::BTreeSet;

use nova_core::env::Timestamp;
use nova_core::id::{ImageId, ProjectId, ServerGroupId, ServerId};
use nova_core::model::{Flavor, Generation, NewServer, Server, ServerGroup, ServerGroupPolicy};
use nova_core::repository::{PageRequest, Store};
use nova_core::units::{Gibibytes, Mebibytes};
use proptest::prelude::*;

/// A call, over few enough ids that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    CreateServer {
        server: u8,
        deleted: bool,
    },
    PurgeServer {
        server: u8,
    },
    PurgeDeleted {
        limit: u32,
    },
    Create {
        group: u8,
        project: u8,
    },
    Get {
        group: u8,
    },
    List {
        project: Option<u8>,
        limit: u32,
        marker: Option<u8>,
    },
    Of {
        server: u8,
    },
    Add {
        group: u8,
        servers: BTreeSet<u8>,
        max: Option<u32>,
    },
    Remove {
        group: u8,
        servers: BTreeSet<u8>,
    },
    Delete {
        group: u8,
    },
}

pub fn call() -> impl Strategy<Value = Call> {
    let (server, group, project) = (|| 0..5_u8, || 0..3_u8, || 0..2_u8);
    let servers = move || prop::collection::btree_set(server(), 0..4);
    prop_oneof![
        5 => (server(), any::<bool>())
            .prop_map(|(server, deleted)| Call::CreateServer { server, deleted }),
        1 => server().prop_map(|server| Call::PurgeServer { server }),
        1 => (0..3_u32).prop_map(|limit| Call::PurgeDeleted { limit }),
        3 => (group(), project()).prop_map(|(group, project)| Call::Create { group, project }),
        1 => group().prop_map(|group| Call::Get { group }),
        2 => (prop::option::of(project()), 1..3_u32, prop::option::of(group()))
            .prop_map(|(project, limit, marker)| Call::List { project, limit, marker }),
        2 => server().prop_map(|server| Call::Of { server }),
        6 => (group(), servers(), prop::option::of(0..4_u32))
            .prop_map(|(group, servers, max)| Call::Add { group, servers, max }),
        2 => (group(), servers()).prop_map(|(group, servers)| Call::Remove { group, servers }),
        1 => group().prop_map(|group| Call::Delete { group }),
    ]
}

fn uuid(number: u8) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(number) + 1)
}

fn group_id(number: u8) -> ServerGroupId {
    ServerGroupId::from_uuid(uuid(number))
}

fn server_id(number: u8) -> ServerId {
    ServerId::from_uuid(uuid(number))
}

fn server_ids(numbers: &BTreeSet<u8>) -> BTreeSet<ServerId> {
    numbers.iter().map(|number| server_id(*number)).collect()
}

fn project(number: u8) -> ProjectId {
    format!("project-{number}").parse().unwrap()
}

fn server(number: u8, deleted: bool) -> Server {
    let flavor = Flavor::builder(
        "flavor".parse().unwrap(),
        1,
        Mebibytes::new(64),
        Gibibytes::new(1),
    );
    let new = NewServer {
        id: server_id(number),
        name: "name".parse().unwrap(),
        project_id: project(0),
        user_id: "user".parse().unwrap(),
        flavor: flavor.build().unwrap(),
        image_id: ImageId::from_uuid(uuid(0)),
        availability_zone: None,
    };
    let mut server = Server::begin(new, Timestamp::EPOCH);
    server.deleted_at = deleted.then_some(Timestamp::from_micros(i64::from(number)));
    server
}

pub async fn answer(store: &Store, call: &Call) -> String {
    let groups = store.server_groups();
    match call {
        Call::CreateServer {
            server: number,
            deleted,
        } => {
            let server = server(*number, *deleted);
            format!("{:?}", store.servers().server_create(&server).await)
        }
        Call::PurgeServer { server } => {
            let id = server_id(*server);
            let purged = store.servers().server_purge(id, Generation::FIRST);
            format!("{:?}", purged.await)
        }
        Call::PurgeDeleted { limit } => {
            let before = Timestamp::from_micros(3);
            let purged = store.servers().server_purge_deleted(before, *limit);
            format!("{:?}", purged.await)
        }
        Call::Create { group, project: of } => {
            let policies = ServerGroupPolicy::ALL;
            let group = ServerGroup::new(
                group_id(*group),
                project(*of),
                "user".parse().unwrap(),
                "name".parse().unwrap(),
                policies[usize::from(*group) % policies.len()],
                Timestamp::EPOCH,
            );
            format!("{:?}", groups.server_group_create(&group).await)
        }
        Call::Get { group } => {
            format!("{:?}", groups.server_group_get(group_id(*group)).await)
        }
        Call::List {
            project: of,
            limit,
            marker,
        } => {
            let of = of.map(project);
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(group_id(*marker));
            }
            format!("{:?}", groups.server_group_list(of.as_ref(), &page).await)
        }
        Call::Of { server } => {
            format!("{:?}", groups.server_group_of(server_id(*server)).await)
        }
        Call::Add {
            group,
            servers,
            max,
        } => {
            let servers = server_ids(servers);
            let added = groups.server_group_add_members(group_id(*group), &servers, *max);
            format!("{:?}", added.await)
        }
        Call::Remove { group, servers } => {
            let servers = server_ids(servers);
            let removed = groups.server_group_remove_members(group_id(*group), &servers);
            format!("{:?}", removed.await)
        }
        Call::Delete { group } => {
            format!("{:?}", groups.server_group_delete(group_id(*group)).await)
        }
    }
}
