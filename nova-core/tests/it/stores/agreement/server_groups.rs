//! Calls about server groups.

use std::collections::BTreeSet;

use nova_core::env::Timestamp;
use nova_core::id::{ServerGroupId, ServerId};
use nova_core::model::{ServerGroup, ServerGroupPolicy};
use nova_core::repository::{PageRequest, Store};
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, json, page, page_request, perhaps, project_id, seldom, server_id, text, user_id,
    uuid,
};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Create {
        group: u8,
        project: u8,
        /// With a member, which is not allowed.
        member: bool,
    },
    Get {
        group: u8,
    },
    List {
        project: Option<u8>,
        page: (u32, Option<u8>),
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

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let servers = || prop::collection::btree_set(few(), 0..3);
    prop_oneof![
        8 => (few(), few(), seldom())
            .prop_map(|(group, project, member)| Call::Create { group, project, member }),
        1 => few().prop_map(|group| Call::Get { group }),
        2 => (perhaps(), page_request()).prop_map(|(project, page)| Call::List { project, page }),
        2 => few().prop_map(|server| Call::Of { server }),
        7 => (few(), servers(), prop::option::of(0..4_u32))
            .prop_map(|(group, servers, max)| Call::Add { group, servers, max }),
        2 => (few(), servers()).prop_map(|(group, servers)| Call::Remove { group, servers }),
        1 => few().prop_map(|group| Call::Delete { group }),
    ]
}

fn group_id(number: u8) -> ServerGroupId {
    ServerGroupId::from_uuid(uuid(8, number))
}

fn server_ids(numbers: &BTreeSet<u8>) -> BTreeSet<ServerId> {
    numbers.iter().map(|number| server_id(*number)).collect()
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
    let groups = store.server_groups();
    match call {
        Call::Create {
            group,
            project,
            member,
        } => {
            let mut group = ServerGroup::new(
                group_id(*group),
                project_id(*project),
                user_id(*project),
                "\u{1f980}".parse().unwrap(),
                ServerGroupPolicy::ALL[usize::from(*group)],
                now,
            );
            group.members.extend(member.then(|| server_id(0)));
            text(groups.server_group_create(&group).await)
        }
        Call::Get { group } => text(groups.server_group_get(group_id(*group)).await),
        Call::List {
            project,
            page: request,
        } => {
            let project = project.map(project_id);
            let page = page(request, group_id);
            text(groups.server_group_list(project.as_ref(), &page).await)
        }
        Call::Of { server } => text(groups.server_group_of(server_id(*server)).await),
        Call::Add {
            group,
            servers,
            max,
        } => {
            let servers = server_ids(servers);
            let add = groups.server_group_add_members(group_id(*group), &servers, *max);
            text(add.await)
        }
        Call::Remove { group, servers } => {
            let servers = server_ids(servers);
            let remove = groups.server_group_remove_members(group_id(*group), &servers);
            text(remove.await)
        }
        Call::Delete { group } => text(groups.server_group_delete(group_id(*group)).await),
    }
}

/// What the store holds of server groups.
pub async fn contents(store: &Store) -> Vec<String> {
    let groups = store.server_groups();
    let page = PageRequest::largest();
    let mut all = vec![text(groups.server_group_list(None, &page).await)];
    for number in NUMBERS {
        all.push(json(groups.server_group_get(group_id(number)).await));
        all.push(text(groups.server_group_of(server_id(number)).await));
    }
    all
}
