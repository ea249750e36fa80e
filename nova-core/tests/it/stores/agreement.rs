//! The memory store and SQLite give the same answers to the same calls.

use std::collections::BTreeMap;
use std::time::Duration;

use nova_core::Env;
use nova_core::env::{ManualClock, Timestamp};
use nova_core::id::{HostName, ProjectId, RequestId, ServerId};
use nova_core::model::{
    Claim, Fault, Flavor, Generation, Lock, LockedBy, NamePrefix, NewServer, Resources, Server,
    ServerName, ServiceStatus, Tag, Tags,
};
use nova_core::repository::memory::MemoryStore;
use nova_core::repository::sql::SqlStore;
use nova_core::repository::{
    Deleted, FlavorFilter, PageRequest, ServerFilter, ServerSort, ServerSortKey, Store,
};
use nova_core::state::VmState;
use nova_core::units::{Gibibytes, Mebibytes};
use proptest::prelude::*;

use super::fixture::{CLASSES, report};

/// A call, over few enough ids that calls meet.
#[derive(Debug, Clone)]
enum Call {
    Report {
        host: u8,
        offers: Vec<(usize, u64, u64, u8)>,
    },
    Decide {
        host: u8,
        generation: u64,
        down: bool,
    },
    DeleteHost {
        host: u8,
    },
    Claim {
        consumer: u8,
        wanted: Vec<(u8, usize, u64)>,
    },
    Release {
        consumer: u8,
        host: Option<u8>,
    },
    Create {
        server: u8,
        project: u8,
    },
    Update {
        server: u8,
        generation: u64,
        host: Option<u8>,
        deleted: bool,
        tags: Vec<u8>,
        name: u8,
        locked: bool,
    },
    Archive {
        before: i64,
        limit: u32,
    },
    ListArchived {
        project: Option<u8>,
        limit: u32,
        marker: Option<u8>,
    },
    PurgeArchive {
        before: i64,
        limit: u32,
    },
    Purge {
        server: u8,
        generation: u64,
    },
    PurgeDeleted {
        before: i64,
        limit: u32,
    },
    List {
        conditions: Vec<(u8, u8)>,
        deleted: u8,
        sort: (u8, bool),
        limit: u32,
        marker: Option<u8>,
    },
    CreateFlavor {
        flavor: u8,
    },
    DeleteFlavor {
        flavor: u8,
    },
    ListFlavors {
        limit: u32,
        marker: Option<u8>,
    },
    Fault {
        server: u8,
        at: i64,
    },
}

fn call() -> impl Strategy<Value = Call> {
    let id = || 0..4_u8;
    let generation = || 0..3_u64;
    let offer = (0..CLASSES.len(), 0..10_u64, 0..4_u64, 1..5_u8);
    prop_oneof![
        4 => (id(), prop::collection::vec(offer, 0..4))
            .prop_map(|(host, offers)| Call::Report { host, offers }),
        1 => (id(), generation(), any::<bool>())
            .prop_map(|(host, generation, down)| Call::Decide { host, generation, down }),
        1 => id().prop_map(|host| Call::DeleteHost { host }),
        6 => (id(), prop::collection::vec((id(), 0..CLASSES.len(), 0..8_u64), 0..4))
            .prop_map(|(consumer, wanted)| Call::Claim { consumer, wanted }),
        3 => (id(), prop::option::of(id()))
            .prop_map(|(consumer, host)| Call::Release { consumer, host }),
        3 => (id(), id()).prop_map(|(server, project)| Call::Create { server, project }),
        6 => (id(), generation(), prop::option::of(id()), any::<bool>(),
            prop::collection::vec(id(), 0..3), id(), any::<bool>()).prop_map(
            |(server, generation, host, deleted, tags, name, locked)| {
                Call::Update { server, generation, host, deleted, tags, name, locked }
            }
        ),
        1 => (0..50_i64, 0..3_u32).prop_map(|(before, limit)| Call::Archive { before, limit }),
        1 => (prop::option::of(id()), 1..4_u32, prop::option::of(id())).prop_map(
            |(project, limit, marker)| Call::ListArchived { project, limit, marker }
        ),
        1 => (0..50_i64, 0..3_u32).prop_map(|(before, limit)| Call::PurgeArchive { before, limit }),
        1 => (id(), generation()).prop_map(|(server, generation)| Call::Purge { server, generation }),
        1 => (0..50_i64, 0..3_u32).prop_map(|(before, limit)| Call::PurgeDeleted { before, limit }),
        5 => (prop::collection::vec((0..CONDITIONS, id()), 0..3), 0..3_u8, (0..3_u8, any::<bool>()),
            1..4_u32, prop::option::of(id())).prop_map(
            |(conditions, deleted, sort, limit, marker)| {
                Call::List { conditions, deleted, sort, limit, marker }
            }
        ),
        1 => id().prop_map(|flavor| Call::CreateFlavor { flavor }),
        1 => id().prop_map(|flavor| Call::DeleteFlavor { flavor }),
        1 => (1..4_u32, prop::option::of(id()))
            .prop_map(|(limit, marker)| Call::ListFlavors { limit, marker }),
        2 => (id(), 0..3_i64).prop_map(|(server, at)| Call::Fault { server, at }),
    ]
}

fn uuid(number: u8) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(number) + 1)
}

fn server_id(number: u8) -> ServerId {
    ServerId::from_uuid(uuid(number))
}

fn host_name(number: u8) -> HostName {
    format!("host-{number}").parse().unwrap()
}

fn flavor(number: u8) -> Flavor {
    let id = format!("flavor-{number}").parse().unwrap();
    Flavor::builder(id, 1, Mebibytes::new(64), Gibibytes::new(1))
        .build()
        .unwrap()
}

fn project_id(number: u8) -> ProjectId {
    format!("project-{number}").parse().unwrap()
}

fn tag(number: u8) -> Tag {
    format!("tag-{number}").parse().unwrap()
}

/// Names of which some begin alike.
fn name(number: u8) -> ServerName {
    ["web", "web 1", "Web", "w\u{e9}b"][usize::from(number)]
        .parse()
        .unwrap()
}

/// How many kinds of condition a filter is made of.
const CONDITIONS: u8 = 17;

fn restrict(filter: ServerFilter, condition: u8, number: u8) -> ServerFilter {
    let time = Timestamp::from_micros(i64::from(number) * 4);
    let odd = number % 2 == 1;
    match condition {
        0 => filter.project(project_id(number)),
        1 => filter.host(host_name(number)),
        2 => filter.name(name(number)),
        3 => filter.name_prefix(NamePrefix::new(&name(number).as_str()[..1]).unwrap()),
        4 => filter.vm_state(VmState::ALL[usize::from(number)]),
        5 => filter.vm_state(VmState::Deleted),
        6 => filter.busy(odd),
        7 => filter.locked(odd),
        8 => filter.tagged(tag(number)),
        9 => filter.tagged_any(tag(number)),
        10 => filter.not_tagged(tag(number)),
        11 => filter.not_tagged_any(tag(number)),
        12 => filter.changed_since(time),
        13 => filter.changed_before(time),
        14 => filter.created_since(time),
        15 => filter.created_before(time),
        _ => filter.ids([server_id(number), server_id(3 - number)]),
    }
}

fn server(number: u8, project: u8, now: Timestamp) -> Server {
    let new = NewServer::new(
        server_id(number),
        name(number),
        project_id(project),
        "user".parse().unwrap(),
        flavor(0),
        nova_core::id::ImageId::from_uuid(uuid(0)),
    );
    Server::begin(new, now)
}

/// The answer as text: values and errors alike.
fn text(answer: impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}

async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
    match call {
        Call::Report { host, offers } => {
            let offers: Vec<_> = offers
                .iter()
                .map(|(class, total, reserved, ratio)| {
                    (
                        CLASSES[*class].clone(),
                        *total,
                        *reserved.min(total),
                        f64::from(*ratio) / 2.0,
                    )
                })
                .collect();
            let report = report(host_name(*host).as_str(), &offers);
            text(store.hosts().host_report(&report, now).await)
        }
        Call::Decide {
            host,
            generation,
            down,
        } => {
            let service = ServiceStatus::enabled().force_down(*down);
            let generation = Generation::new(*generation);
            text(
                store
                    .hosts()
                    .host_set_service(&host_name(*host), generation, &service)
                    .await,
            )
        }
        Call::DeleteHost { host } => text(store.hosts().host_delete(&host_name(*host)).await),
        Call::Claim { consumer, wanted } => {
            let mut resources: BTreeMap<HostName, Resources> = BTreeMap::new();
            for (host, class, amount) in wanted {
                resources
                    .entry(host_name(*host))
                    .or_default()
                    .set(CLASSES[*class].clone(), *amount);
            }
            let request = "req-1".parse().unwrap();
            let claim = Claim::over(server_id(*consumer), request, resources);
            text(store.allocations().claim(&claim).await)
        }
        Call::Release { consumer, host } => {
            let host = host.map(host_name);
            text(
                store
                    .allocations()
                    .release(server_id(*consumer).into(), host.as_ref())
                    .await,
            )
        }
        Call::Create {
            server: number,
            project,
        } => text(
            store
                .servers()
                .server_create(&server(*number, *project, now))
                .await,
        ),
        Call::Update {
            server: number,
            generation,
            host,
            deleted,
            tags,
            name: new_name,
            locked,
        } => {
            let mut server = server(*number, 99, now);
            server.tags = Tags::new(tags.iter().map(|number| tag(*number))).unwrap();
            server.name = name(*new_name);
            server.lock = locked.then(|| Lock::new(LockedBy::Owner));
            server.updated_at = now;
            server.generation = Generation::new(*generation);
            server.host = host.map(host_name);
            if *deleted {
                server.vm_state = VmState::Deleted;
                server.task_state = None;
                server.deleted_at = Some(now);
            }
            text(store.servers().server_update(&server).await)
        }
        Call::Purge { server, generation } => {
            let generation = Generation::new(*generation);
            text(
                store
                    .servers()
                    .server_purge(server_id(*server), generation)
                    .await,
            )
        }
        Call::Archive { before, limit } => {
            let before = Timestamp::from_micros(*before);
            text(store.archive().archive_servers(before, now, *limit).await)
        }
        Call::ListArchived {
            project,
            limit,
            marker,
        } => {
            let project = project.map(project_id);
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(server_id(*marker));
            }
            text(store.archive().archived_list(project.as_ref(), &page).await)
        }
        Call::PurgeArchive { before, limit } => {
            let before = Timestamp::from_micros(*before);
            text(store.archive().archive_purge(before, *limit).await)
        }
        Call::PurgeDeleted { before, limit } => {
            let before = Timestamp::from_micros(*before);
            text(store.servers().server_purge_deleted(before, *limit).await)
        }
        Call::List {
            conditions,
            deleted,
            sort: (key, descending),
            limit,
            marker,
        } => {
            let deleted = Deleted::ALL[usize::from(*deleted)];
            let filter = ServerFilter::default().deleted(deleted);
            let filter = conditions
                .iter()
                .fold(filter, |filter, (condition, number)| {
                    restrict(filter, *condition, *number)
                });
            let mut sort = ServerSort::by(ServerSortKey::ALL[usize::from(*key)]);
            if *descending {
                sort = sort.descending();
            }
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(server_id(*marker));
            }
            text(store.servers().server_list(&filter, sort, &page).await)
        }
        Call::CreateFlavor { flavor: number } => {
            text(store.flavors().flavor_create(&flavor(*number)).await)
        }
        Call::DeleteFlavor { flavor: number } => {
            text(store.flavors().flavor_delete(flavor(*number).id()).await)
        }
        Call::ListFlavors { limit, marker } => {
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(flavor(*marker).id().clone());
            }
            text(
                store
                    .flavors()
                    .flavor_list(&FlavorFilter::default(), &page)
                    .await,
            )
        }
        Call::Fault { server, at } => {
            let fault = Fault {
                server_id: server_id(*server),
                request_id: "req-1".parse::<RequestId>().unwrap(),
                code: 500,
                message: now.to_string(),
                details: None,
                host: None,
                created_at: Timestamp::from_micros(*at),
            };
            text(store.faults().fault_record(&fault).await)
        }
    }
}

/// Everything that the store holds of the few ids.
async fn contents(store: &Store) -> String {
    let mut all = vec![text(store.hosts().host_usages().await)];
    for number in 0..4 {
        all.push(text(store.servers().server_get(server_id(number)).await));
        all.push(text(store.archive().archived_get(server_id(number)).await));
        all.push(text(store.faults().faults_of(server_id(number), 100).await));
        all.push(text(store.flavors().flavor_get(flavor(number).id()).await));
        all.push(text(store.hosts().host_get(&host_name(number)).await));
        all.push(text(
            store
                .allocations()
                .allocations_of(server_id(number).into())
                .await,
        ));
        all.push(text(
            store.allocations().allocations_on(&host_name(number)).await,
        ));
    }
    all.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_gives_equal_answers(calls in prop::collection::vec(call(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let memory = Store::new(MemoryStore::new());
            let sql = SqlStore::connect("sqlite::memory:").await.unwrap();
            let sqlite = Store::new(sql.clone());
            let clock = ManualClock::new(Timestamp::EPOCH);
            let env = Env::with_clock(1, clock.clone());
            for (index, call) in calls.iter().enumerate() {
                // Several calls share an instant.
                clock.advance(Duration::from_micros(u64::from(index % 3 == 0)));
                let now = env.now();
                let (one, other) = (answer(&memory, call, now).await, answer(&sqlite, call, now).await);
                prop_assert_eq!(one, other, "the answers to {:?} (call {})", call, index);
            }
            prop_assert_eq!(contents(&memory).await, contents(&sqlite).await);
            sql.close().await;
            Ok(())
        })?;
    }
}
