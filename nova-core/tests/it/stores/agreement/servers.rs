//! Calls about servers, and their lists.

use std::collections::BTreeMap;

use nova_core::env::Timestamp;
use nova_core::model::{
    Claim, Description, Generation, Lock, LockedBy, Metadata, Progress, ResourceClass, Resources,
    Server, ServerKey, Tag, Tags, UserData,
};
use nova_core::repository::{
    Deleted, PageRequest, ServerBatch, ServerFilter, ServerSort, ServerSortKey, Store,
};
use nova_core::state::{PowerState, TaskState, VmState};
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, flavor, generation, held_server, host_name, instant, json, page, page_request,
    perhaps, project_id, request_id, seldom, server, server_id, server_name, text, time, zone,
};
use super::server_filters::{Condition, condition, filter};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Create {
        server: u8,
        project: u8,
    },
    CreateBatch {
        servers: Vec<Placed>,
        request: u8,
        /// A claim for a server that may not be in the batch.
        stray: Option<u8>,
    },
    Get {
        server: u8,
    },
    Update {
        server: u8,
        wrong: bool,
        change: Change,
    },
    Delete {
        server: u8,
    },
    /// Deletes it and purges it at once.
    Remove {
        server: u8,
    },
    Purge {
        server: u8,
        wrong: bool,
    },
    PurgeDeleted {
        before: i64,
        limit: u32,
    },
    List {
        conditions: Vec<Condition>,
        deleted: usize,
        sort: (usize, bool),
        page: (u32, Option<u8>),
    },
}

/// Server, project and what is claimed for it: processors on a host.
type Placed = (u8, u8, Option<(u8, u64)>);

/// What is written of a server.
#[derive(Debug, Clone)]
pub struct Change {
    name: u8,
    flavor: u8,
    new_flavor: Option<u8>,
    host: Option<u8>,
    vm_state: usize,
    tags: Vec<u8>,
    /// Chooses the rest of the fields.
    rest: u8,
}

/// States of which one is not charged; deletion is a call of its own.
const STATES: [VmState; 4] = [
    VmState::Building,
    VmState::Active,
    VmState::SoftDeleted,
    VmState::Error,
];

/// Creates a server.
pub fn create() -> impl Strategy<Value = Call> {
    (few(), few()).prop_map(|(server, project)| Call::Create { server, project })
}

/// Creates some, and claims for them.
pub fn create_batch() -> impl Strategy<Value = Call> {
    let amount = prop_oneof![9 => 1..4_u64, 1 => Just(0)];
    let claimed = prop::option::of((few(), amount));
    let servers = prop::collection::btree_map(NUMBERS, (few(), claimed), 1..4);
    // Now and then there is none, or one twice.
    let servers = (servers, 0..20_u8).prop_map(|(servers, luck)| {
        let servers = servers.into_iter();
        let servers = servers.map(|(server, (project, claimed))| (server, project, claimed));
        let mut servers: Vec<_> = servers.collect();
        match luck {
            18 => servers.clear(),
            19 => servers.extend(servers.first().copied()),
            _ => {}
        }
        servers
    });
    (servers, few(), prop::option::weighted(0.1, few())).prop_map(|(servers, request, stray)| {
        Call::CreateBatch {
            servers,
            request,
            stray,
        }
    })
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let tags = prop::collection::vec(few(), 0..3);
    let change = (
        few(),
        few(),
        perhaps(),
        perhaps(),
        0..STATES.len(),
        tags,
        few(),
    )
        .prop_map(
            |(name, flavor, new_flavor, host, vm_state, tags, rest)| Change {
                name,
                flavor,
                new_flavor,
                host,
                vm_state,
                tags,
                rest,
            },
        );
    let sort = (0..ServerSortKey::ALL.len(), any::<bool>());
    prop_oneof![
        4 => create(),
        4 => create_batch(),
        1 => few().prop_map(|server| Call::Get { server }),
        5 => (few(), seldom(), change)
            .prop_map(|(server, wrong, change)| Call::Update { server, wrong, change }),
        2 => few().prop_map(|server| Call::Delete { server }),
        3 => few().prop_map(|server| Call::Remove { server }),
        2 => (few(), seldom()).prop_map(|(server, wrong)| Call::Purge { server, wrong }),
        1 => (instant(), 0..3_u32).prop_map(|(before, limit)| Call::PurgeDeleted { before, limit }),
        4 => (prop::collection::vec(condition(), 0..3), 0..Deleted::ALL.len(), sort, page_request())
            .prop_map(|(conditions, deleted, sort, page)| {
                Call::List { conditions, deleted, sort, page }
            }),
    ]
}

pub fn tag(number: u8) -> Tag {
    format!("tag-{number}").parse().unwrap()
}

fn change(server: &mut Server, change: &Change, now: Timestamp) {
    let rest = change.rest;
    let odd = rest % 2 == 1;
    server.name = server_name(change.name);
    server.flavor = flavor(change.flavor);
    server.new_flavor = change.new_flavor.map(flavor);
    server.host = change.host.map(host_name);
    server.vm_state = STATES[change.vm_state];
    server.tags = Tags::new(change.tags.iter().map(|number| tag(*number))).unwrap();
    server.task_state = odd.then_some(TaskState::ALL[usize::from(rest)]);
    server.power_state = PowerState::ALL[usize::from(rest)];
    server.lock = odd.then(|| Lock::new(LockedBy::Owner));
    server.metadata = Metadata::new([(format!("key-{rest}"), "\u{1f980}")]).unwrap();
    server.description = odd.then(|| Description::new("e\u{301}\n\u{1f980}").unwrap());
    server.user_data = (rest > 1).then(|| UserData::new("c2NyaXB0").unwrap());
    server.key = (rest > 1).then(|| ServerKey::new("key", "ssh-rsa AAAA").unwrap());
    server.config_drive = odd;
    server.hidden = !odd;
    server.progress = Progress::new(rest).unwrap();
    server.access_ip_v4 = odd.then_some([192, 0, 2, rest].into());
    server.launched_at = odd.then_some(now);
    server.updated_at = now;
    // Never written: ignored.
    server.project_id = project_id(rest);
    server.created_at = now;
}

fn batch(servers: &[Placed], request: u8, stray: Option<u8>, now: Timestamp) -> ServerBatch {
    let claim = |number: u8, host: u8, amount: u64| {
        let resources = Resources::new().with(ResourceClass::Vcpu, amount);
        Claim::over(
            server_id(number),
            request_id(request),
            BTreeMap::from([(host_name(host), resources)]),
        )
    };
    let claimed = servers.iter().filter_map(|(number, _, claimed)| {
        claimed.map(|(host, amount)| claim(*number, host, amount))
    });
    let servers = servers.iter().map(|(number, project, claimed)| {
        let mut server = server(*number, *project, now);
        server.host = claimed.map(|(host, _)| host_name(host));
        server.availability_zone = Some(zone(*project));
        server
    });
    ServerBatch::of(servers)
        .with_claims(claimed)
        .with_claims(stray.map(|number| claim(number, 0, 1)))
}

async fn delete(store: &Store, number: u8, now: Timestamp) -> nova_core::Result<Server> {
    let mut server = held_server(store, number, now).await;
    server.vm_state = VmState::Deleted;
    server.task_state = None;
    server.deleted_at = Some(now);
    server.updated_at = now;
    store.servers().server_update(&server).await
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
    let servers = store.servers();
    match call {
        Call::Create {
            server: number,
            project,
        } => text(servers.server_create(&server(*number, *project, now)).await),
        Call::CreateBatch {
            servers: of,
            request,
            stray,
        } => {
            let batch = batch(of, *request, *stray, now);
            text(servers.server_create_batch(&batch).await)
        }
        Call::Get { server } => json(servers.server_get(server_id(*server)).await),
        Call::Update {
            server: number,
            wrong,
            change: wanted,
        } => {
            let mut server = held_server(store, *number, now).await;
            server.generation = generation(server.generation, *wrong);
            change(&mut server, wanted, now);
            text(servers.server_update(&server).await)
        }
        Call::Delete { server } => text(delete(store, *server, now).await),
        Call::Remove { server } => {
            let deleted = delete(store, *server, now).await;
            let generation = deleted
                .as_ref()
                .map_or(Generation::FIRST, |server| server.generation);
            let purged = servers.server_purge(server_id(*server), generation).await;
            text(deleted.and(purged))
        }
        Call::Purge {
            server: number,
            wrong,
        } => {
            let held = held_server(store, *number, now).await;
            let generation = generation(held.generation, *wrong);
            text(servers.server_purge(held.id, generation).await)
        }
        Call::PurgeDeleted { before, limit } => {
            text(servers.server_purge_deleted(time(*before), *limit).await)
        }
        Call::List {
            conditions,
            deleted,
            sort: (key, descending),
            page: request,
        } => {
            let filter = filter(conditions).deleted(Deleted::ALL[*deleted]);
            let mut sort = ServerSort::by(ServerSortKey::ALL[*key]);
            if *descending {
                sort = sort.descending();
            }
            let page = page(request, server_id);
            text(servers.server_list(&filter, sort, &page).await)
        }
    }
}

/// What the store holds of servers.
pub async fn contents(store: &Store) -> Vec<String> {
    let filter = ServerFilter::default().deleted(Deleted::Include);
    let page = PageRequest::largest();
    let list = store
        .servers()
        .server_list(&filter, ServerSort::default(), &page);
    let mut all = vec![text(list.await)];
    for number in NUMBERS {
        let server = store.servers().server_get(server_id(number)).await;
        if let Ok(server) = &server {
            all.push(text(server.user_data.as_ref().map(UserData::expose)));
        }
        all.push(json(server));
    }
    all
}
