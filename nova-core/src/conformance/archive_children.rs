//! What belongs to a server and goes into the archive with it.

use super::actions::{EXTREME, action, begin, begin_event, event, event_outcome};
use super::archive::{at, gone, sweep};
use super::block_devices::volume;
use super::cases::{Case, cases};
use super::console_tokens::issue;
use super::fixture::{deleted, fault, fresh, server};
use super::migrations::{ended, migration};
use super::ports::port;
use super::server_groups::created as created_group;
use crate::env::Env;
use crate::id::{BlockDeviceId, ImageId, ProjectId, RequestId, ServerId};
use crate::model::{
    ActionOutcome, ArchivedAction, ArchivedServer, BlockDevice, BlockDeviceDestination,
    BlockDeviceSource, DeviceTag, EventResult,
};
use crate::repository::{MigrationFilter, PageRequest, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(archive_children {
    all_that_belongs_to_a_server_is_archived,
    what_belongs_to_others_stays_with_them,
    a_new_server_of_the_same_id_has_nothing_of_the_first,
    long_histories_are_archived_whole,
});

/// Adds one of everything that belongs to a server, and more of some, and returns what the archive
/// is to hold of it.
async fn furnish(store: &Store, env: &Env, record: &mut ArchivedServer) {
    let id = record.server.id;
    record.faults = vec![
        fault(env, id, EXTREME[1], at(9)),
        fault(env, id, EXTREME[2], at(3)),
    ];
    for fault in &record.faults {
        store.faults().fault_record(fault).await.unwrap();
    }

    let (mut second, mut first) = (ended(env, id), migration(env, id));
    (first.created_at, second.created_at) = (at(1), at(2));
    for migration in [&second, &first] {
        store
            .migrations()
            .migration_create(migration)
            .await
            .unwrap();
    }
    record.migrations = vec![first, second];

    for (micros, text) in [(5, EXTREME[1]), (4, EXTREME[3]), (4, EXTREME[0])] {
        let mut action = action(env, id);
        action.started_at = at(micros);
        action.outcome = (micros == 5).then(|| ActionOutcome {
            finished_at: at(8),
            message: Some(text.to_owned()),
        });
        begin(store, &action).await;
        let host = fresh(env, "host");
        let mut events = Vec::new();
        for (name, host, micros) in [
            ("b_late", None, 7),
            ("a_late", Some(&host), 7),
            ("a_late", None, 7),
            ("early", Some(&host), 6),
        ] {
            let mut event = event(env, &action, name, host);
            event.started_at = at(micros);
            event.outcome = host.map(|_| event_outcome(micros, EventResult::Error));
            begin_event(store, &event).await;
            events.push(event);
        }
        events.sort_by_key(|event| (event.started_at, event.name.clone(), event.host.clone()));
        record.actions.push(ArchivedAction { action, events });
    }
    record.actions.sort_by_key(|archived| {
        let action = &archived.action;
        (action.started_at, action.request_id.clone())
    });

    let root = BlockDevice::builder(
        BlockDeviceId::generate(env),
        id,
        BlockDeviceSource::Image,
        BlockDeviceDestination::Local,
        at(9),
    );
    let root = root.image(ImageId::generate(env)).boot_index(0);
    for device in [volume(env, id), volume(env, id), root] {
        let device = device.build().unwrap();
        let devices = store.block_devices();
        devices.block_device_create(&device).await.unwrap();
    }
    record.block_devices = store.block_devices().block_devices_of(id).await.unwrap();
    assert_eq!(record.block_devices.len(), 3);

    for order in [2, 1, 2] {
        let port = port(env, id)
            .order(order)
            .tag(fresh::<DeviceTag>(env, "tag"));
        let port = port.build().unwrap();
        store.ports().port_attach(&port).await.unwrap();
    }
    record.ports = store.ports().ports_of(id).await.unwrap();
    assert_eq!(record.ports.len(), 3);

    let group = created_group(store, env).await.id;
    let groups = store.server_groups();
    groups
        .server_group_add_members(group, &[id].into(), None)
        .await
        .unwrap();
    record.server_group = Some(group);
}

/// Nothing of it is where it was.
async fn check_gone(store: &Store, record: &ArchivedServer) {
    let id = record.server.id;
    assert_eq!(store.faults().faults_of(id, 10).await.unwrap(), []);
    let filter = MigrationFilter {
        server: Some(id),
        ..MigrationFilter::default()
    };
    let page = PageRequest::largest();
    let migrations = store.migrations().migration_list(&filter, &page).await;
    assert_eq!(migrations.unwrap().items, []);
    let actions = store.actions();
    let page = PageRequest::largest();
    assert_eq!(actions.actions_of(id, &page).await.unwrap().items, []);
    for archived in &record.actions {
        let request = &archived.action.request_id;
        let events = actions.action_events_of(id, request, 10).await;
        assert_eq!(events.unwrap(), []);
    }
    let devices = store.block_devices().block_devices_of(id).await;
    assert_eq!(devices.unwrap(), []);
    assert_eq!(store.ports().ports_of(id).await.unwrap(), []);
    assert_eq!(
        store.server_groups().server_group_of(id).await.unwrap(),
        None
    );
    if let Some(group) = record.server_group {
        let group = store.server_groups().server_group_get(group).await.unwrap();
        assert!(group.members.is_empty());
    }
}

async fn archive_all(store: &Store, env: &Env) -> u64 {
    let archive = store.archive();
    let archived = archive.archive_servers(at(100), env.now(), u32::MAX);
    archived.await.unwrap()
}

async fn archived(store: &Store, id: ServerId) -> ArchivedServer {
    store.archive().archived_get(id).await.unwrap()
}

/// Faults, migrations, actions with their events, disks, ports and the group read back from the
/// archive, in their orders, and are gone from where they were; console tokens are gone for good.
pub async fn all_that_belongs_to_a_server_is_archived(store: &Store, env: &Env) {
    sweep(store, env).await;
    let held = deleted(server(env), at(1));
    store.servers().server_create(&held).await.unwrap();
    let mut record = ArchivedServer::new(held, env.now());
    furnish(store, env, &mut record).await;
    let (token, _) = issue(env, record.server.id);
    let tokens = store.console_tokens();
    tokens.console_token_save(&token).await.unwrap();

    let archive = store.archive();
    let count = archive.archive_servers(at(2), record.archived_at, 10).await;
    assert_eq!(count.unwrap(), 1);
    assert_eq!(archived(store, record.server.id).await, record);
    let page = PageRequest::first(1).unwrap();
    let all = archive.archived_list(None, &page).await.unwrap();
    assert_eq!(all.items, [record.clone()]);
    check_gone(store, &record).await;
    let opened = tokens.console_token_authorize(&token.token_hash, env.now());
    assert!(opened.await.is_err());
    sweep(store, env).await;
}

/// Servers that are archived together have their own each, and one that stays keeps its own.
pub async fn what_belongs_to_others_stays_with_them(store: &Store, env: &Env) {
    sweep(store, env).await;
    let project: ProjectId = fresh(env, "project");
    let now = env.now();
    let mut records = Vec::new();
    for micros in 1..=3 {
        let held = gone(store, env, &project, micros).await;
        let mut record = ArchivedServer::new(held, now);
        // The second has nothing.
        if micros != 2 {
            furnish(store, env, &mut record).await;
        }
        records.push(record);
    }
    let stays = server(env);
    store.servers().server_create(&stays).await.unwrap();
    let mut of_living = ArchivedServer::new(stays, now);
    furnish(store, env, &mut of_living).await;

    let archived = store.archive().archive_servers(at(100), now, 10).await;
    assert_eq!(archived.unwrap(), 3);
    let page = PageRequest::largest();
    let listed = store.archive().archived_list(Some(&project), &page).await;
    assert_eq!(listed.unwrap().items, records);

    let id = of_living.server.id;
    let devices = store.block_devices().block_devices_of(id).await;
    assert_eq!(devices.unwrap(), of_living.block_devices);
    assert_eq!(store.ports().ports_of(id).await.unwrap(), of_living.ports);
    let actions = store.actions().actions_of(id, &page_of_requests()).await;
    assert_eq!(actions.unwrap().items.len(), 3);
    let group = store.server_groups().server_group_of(id).await.unwrap();
    assert_eq!(group.map(|group| group.id), of_living.server_group);
    sweep(store, env).await;
}

fn page_of_requests() -> PageRequest<RequestId> {
    PageRequest::largest()
}

/// A server that takes the id of an archived one begins with nothing, and its own record takes the
/// place of the first.
pub async fn a_new_server_of_the_same_id_has_nothing_of_the_first(store: &Store, env: &Env) {
    sweep(store, env).await;
    let held = deleted(server(env), at(1));
    store.servers().server_create(&held).await.unwrap();
    let mut record = ArchivedServer::new(held.clone(), env.now());
    furnish(store, env, &mut record).await;
    assert_eq!(archive_all(store, env).await, 1);

    store.servers().server_create(&held).await.unwrap();
    check_gone(store, &record).await;
    assert_eq!(archive_all(store, env).await, 1);
    let second = archived(store, held.id).await;
    assert_eq!(second, ArchivedServer::new(held, second.archived_at));
    sweep(store, env).await;
}

/// A server's history is archived whole, as long as it is.
pub async fn long_histories_are_archived_whole(store: &Store, env: &Env) {
    sweep(store, env).await;
    let held = deleted(server(env), at(1));
    store.servers().server_create(&held).await.unwrap();
    let mut expected = Vec::new();
    for index in 0..150_i64 {
        let mut action = action(env, held.id);
        action.started_at = at(index * 7 % 150);
        begin(store, &action).await;
        let event = event(env, &action, "only", None);
        begin_event(store, &event).await;
        let events = vec![event];
        expected.push(ArchivedAction { action, events });
    }
    expected.sort_by_key(|archived| archived.action.started_at);
    assert_eq!(archive_all(store, env).await, 1);
    let found = archived(store, held.id).await;
    assert!(found.actions == expected, "{:?}", found.actions);
    sweep(store, env).await;
}
