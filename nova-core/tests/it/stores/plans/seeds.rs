//! One of everything.

use std::collections::BTreeMap;
use std::time::Duration;

use nova_core::env::Timestamp;
use nova_core::id::{
    AggregateId, BlockDeviceId, HostName, ImageId, MigrationId, NetworkId, OperationId, PortId,
    ProjectId, RequestId, ServerGroupId, ServerId, VolumeId,
};
use nova_core::model::{
    Action, ActionEvent, Aggregate, AggregateMetadata, BlockDevice, BlockDeviceDestination,
    BlockDeviceSource, Cell, CellMember, CellUrl, Claim, ConsoleAccess, ConsoleEndpoint,
    ConsoleKind, ConsoleToken, Fault, Flavor, HostReport, KeyFingerprints, KeyPair, Lease,
    MacAddress, Migration, MigrationKind, NewMigration, NewOperation, NewServer, OperationPayload,
    OperationRecord, PublicKey, QuotaLimit, QuotaResource, QuotaScope, ResourceClass, Resources,
    Server, ServerGroup, ServerGroupPolicy, ServerPort,
};
use nova_core::repository::Store;
use nova_core::state::{Operation, VmState};
use nova_core::units::{Gibibytes, Mebibytes};
use nova_core::{Env, Error};

use crate::stores::fixture;

/// A text that nothing else has.
pub(super) fn fresh<T: std::str::FromStr<Err = Error>>(env: &Env, prefix: &str) -> T {
    let text = format!("{prefix}-{}", env.uuid().simple());
    text.parse().unwrap()
}

pub(super) fn flavor(env: &Env) -> Flavor {
    let (memory, disk) = (Mebibytes::new(1), Gibibytes::new(1));
    let flavor = Flavor::builder(fresh(env, "flavor"), 1, memory, disk);
    flavor.private().build().unwrap()
}

pub(super) fn server(env: &Env) -> Server {
    let project: ProjectId = "project-7".parse().unwrap();
    let new = NewServer::new(
        ServerId::generate(env),
        fresh(env, "server"),
        project,
        "user-7".parse().unwrap(),
        flavor(env),
        ImageId::generate(env),
    );
    let mut server = Server::begin(new, env.now());
    server.tags.insert("all".parse().unwrap()).unwrap();
    server.tags.insert(fresh(env, "tag")).unwrap();
    server
}

pub(super) fn deleted(env: &Env) -> Server {
    let mut server = server(env);
    server.vm_state = VmState::Deleted;
    server.task_state = None;
    server.deleted_at = Some(Timestamp::EPOCH);
    server
}

pub(super) fn fault(env: &Env, server: ServerId) -> Fault {
    Fault {
        server_id: server,
        request_id: RequestId::generate(env),
        code: 500,
        message: "no".to_owned(),
        details: None,
        host: None,
        created_at: env.now(),
    }
}

pub(super) fn report(env: &Env) -> HostReport {
    let name: HostName = fresh(env, "host");
    let offers = [
        (ResourceClass::Vcpu, 100, 0, 1.0),
        (ResourceClass::MemoryMb, 100, 0, 1.0),
        (ResourceClass::DiskGb, 100, 0, 1.0),
    ];
    fixture::report(name.as_str(), &offers)
}

pub(super) fn vcpus(amount: u64) -> Resources {
    Resources::new()
        .with(ResourceClass::Vcpu, amount)
        .with(ResourceClass::MemoryMb, amount)
}

/// A claim on two hosts.
pub(super) fn claim(env: &Env, server: ServerId, hosts: [&str; 2]) -> Claim {
    let hosts = hosts.map(|host| (host.parse().unwrap(), vcpus(1)));
    Claim::over(server, RequestId::generate(env), BTreeMap::from(hosts))
}

pub(super) fn migration(env: &Env, server: ServerId) -> Migration {
    let new = NewMigration {
        id: MigrationId::generate(env),
        server_id: server,
        kind: MigrationKind::LiveMigration,
        source_host: "host-7".parse().unwrap(),
        dest_host: Some("host-8".parse().unwrap()),
        old_flavor: None,
        new_flavor: None,
        request_id: RequestId::generate(env),
        user_id: "user-7".parse().unwrap(),
        project_id: "project-7".parse().unwrap(),
    };
    Migration::begin(new, env.now())
}

pub(super) fn action(env: &Env, server: ServerId) -> Action {
    let request = RequestId::generate(env);
    let (user, project) = ("user-7".parse().unwrap(), "project-7".parse().unwrap());
    Action::begin(server, request, Operation::Resize, user, project, env.now())
}

pub(super) fn event(env: &Env, of: &Action) -> ActionEvent {
    let (server, request) = (of.server_id, of.request_id.clone());
    ActionEvent::begin(server, request, "event".parse().unwrap(), None, env.now())
}

pub(super) fn operation(env: &Env, lease: Option<Lease>) -> OperationRecord {
    let new = NewOperation {
        id: OperationId::generate(env),
        kind: "kind-7".parse().unwrap(),
        server_id: Some(ServerId::generate(env)),
        request_id: RequestId::generate(env),
        step_name: "step".parse().unwrap(),
        payload: OperationPayload::new("{}").unwrap(),
        lease,
    };
    OperationRecord::begin(new, env.now())
}

pub(super) fn block_device(env: &Env, server: ServerId) -> BlockDevice {
    let device = BlockDevice::builder(
        BlockDeviceId::generate(env),
        server,
        BlockDeviceSource::Volume,
        BlockDeviceDestination::Volume,
        env.now(),
    );
    device.volume(VolumeId::generate(env)).build().unwrap()
}

pub(super) fn port(env: &Env, server: ServerId, network: NetworkId) -> ServerPort {
    let mac = MacAddress::new([0xfa, 0x16, 0x3f, 0, 0, 1]).unwrap();
    let port = ServerPort::builder(PortId::generate(env), server, network, mac);
    port.build().unwrap()
}

pub(super) fn console(env: &Env, server: ServerId) -> ConsoleAccess {
    let endpoint = ConsoleEndpoint::new("host-7", 5900).unwrap();
    let ttl = Duration::from_secs(600);
    let issued = ConsoleToken::issue(env, server, ConsoleKind::NoVnc, endpoint, ttl);
    issued.unwrap().0
}

pub(super) fn key_pair(env: &Env, user: &str) -> KeyPair {
    let sha256 = format!("SHA256:{}", "a".repeat(43));
    KeyPair::new(
        user.parse().unwrap(),
        fresh(env, "key"),
        PublicKey::new("ssh-rsa AAAA").unwrap(),
        KeyFingerprints::new(["00"; 16].join(":"), sha256).unwrap(),
        env.now(),
    )
}

pub(super) fn group(env: &Env) -> ServerGroup {
    ServerGroup::new(
        ServerGroupId::generate(env),
        "project-7".parse().unwrap(),
        "user-7".parse().unwrap(),
        fresh(env, "group"),
        ServerGroupPolicy::AntiAffinity,
        env.now(),
    )
}

pub(super) fn aggregate(env: &Env) -> Aggregate {
    let name = fresh(env, "aggregate");
    let mut aggregate = Aggregate::new(AggregateId::generate(env), name, env.now());
    let texts = [("ssd".to_owned(), "true".to_owned())];
    aggregate.metadata = AggregateMetadata::new(texts).unwrap();
    aggregate
}

pub(super) fn cell(env: &Env) -> Cell {
    let url = || CellUrl::new("memory:").unwrap();
    Cell::new(fresh(env, "cell"), url(), url(), env.now())
}

/// Puts one row at least into every table.
pub(super) async fn seed(store: &Store, env: &Env) {
    let server = server(env);
    store.servers().server_create(&server).await.unwrap();
    let id = server.id;
    store.faults().fault_record(&fault(env, id)).await.unwrap();
    let flavor = flavor(env);
    store.flavors().flavor_create(&flavor).await.unwrap();
    let project = "project".parse().unwrap();
    let access = store.flavors().flavor_access_add(flavor.id(), &project);
    access.await.unwrap();
    let reports = [report(env), report(env)];
    for report in &reports {
        store.hosts().host_report(report, env.now()).await.unwrap();
    }
    let hosts = [reports[0].name.as_str(), reports[1].name.as_str()];
    let claim = claim(env, id, hosts);
    store.allocations().claim(&claim).await.unwrap();

    let migration = migration(env, id);
    let migrations = store.migrations();
    migrations.migration_create(&migration).await.unwrap();
    let action = action(env, id);
    store.actions().action_begin(&action).await.unwrap();
    let event = event(env, &action);
    store.actions().action_event_begin(&event).await.unwrap();
    let operation = operation(env, None);
    let operations = store.operations();
    operations.operation_create(&operation).await.unwrap();

    let device = block_device(env, id);
    let devices = store.block_devices();
    devices.block_device_create(&device).await.unwrap();
    let port = port(env, id, NetworkId::generate(env));
    store.ports().port_attach(&port).await.unwrap();
    let console = console(env, id);
    let tokens = store.console_tokens();
    tokens.console_token_save(&console).await.unwrap();

    let pair = key_pair(env, "user");
    store
        .key_pairs()
        .key_pair_create(&pair, None)
        .await
        .unwrap();
    let group = group(env);
    let groups = store.server_groups();
    groups.server_group_create(&group).await.unwrap();
    let members = [id].into();
    let added = groups.server_group_add_members(group.id, &members, None);
    added.await.unwrap();
    let aggregate = aggregate(env);
    let aggregates = store.aggregates();
    aggregates.aggregate_create(&aggregate).await.unwrap();
    let added = aggregates.aggregate_add_host(aggregate.id, &reports[0].name);
    added.await.unwrap();
    let cell = cell(env);
    store.cells().cell_create(&cell).await.unwrap();
    let member = CellMember::Server(id);
    store.cells().cell_map(&member, &cell.name).await.unwrap();
    let (scope, limit) = (QuotaScope::Project(project), QuotaLimit::UNLIMITED);
    let quotas = store.quotas();
    let set = quotas.quota_set_limit(&scope, QuotaResource::Cores, Some(limit));
    set.await.unwrap();

    let gone = deleted(env);
    store.servers().server_create(&gone).await.unwrap();
    let archived = store.archive().archive_servers(env.now(), env.now(), 1);
    assert_eq!(archived.await.unwrap(), 1);
}
