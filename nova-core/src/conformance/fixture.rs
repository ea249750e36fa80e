//! Things that the cases need, with ids and names that nothing else has.

use std::fmt::Debug;
use std::future::Future;
use std::str::FromStr;

use crate::env::{Env, Timestamp};
use crate::error::{Error, Result};
use crate::id::{HostName, ImageId, ProjectId, RequestId, ServerId};
use crate::model::{
    Claim, Fault, Flavor, HostReport, HypervisorInfo, Inventory, NewServer, ResourceClass,
    Resources, Server,
};
use crate::repository::Store;
use crate::state::VmState;
use crate::units::{Gibibytes, Mebibytes};

/// A text id that nothing else has.
pub(super) fn fresh<T>(env: &Env, prefix: &str) -> T
where
    T: FromStr<Err = Error>,
{
    format!("{prefix}-{}", env.uuid().simple()).parse().unwrap()
}

/// A flavor with an id of its own.
pub(super) fn flavor(env: &Env) -> Flavor {
    Flavor::builder(
        fresh(env, "flavor"),
        2,
        Mebibytes::new(512),
        Gibibytes::new(10),
    )
    .extra_spec("hw:cpu_policy", "shared \u{2713} \"'\\")
    .build()
    .unwrap()
}

/// A server that was just asked for, in a project of its own.
pub(super) fn server(env: &Env) -> Server {
    server_in(env, &fresh(env, "project"))
}

/// A server that was just asked for.
pub(super) fn server_in(env: &Env, project: &ProjectId) -> Server {
    let new = NewServer::new(
        ServerId::generate(env),
        "web \u{e4}\u{1f980} <&,=\"'>".parse().unwrap(),
        project.clone(),
        fresh(env, "user"),
        flavor(env),
        ImageId::generate(env),
    );
    Server::begin(new, env.now())
}

/// The same, deleted at that time.
pub(super) fn deleted(mut server: Server, at: Timestamp) -> Server {
    server.vm_state = VmState::Deleted;
    server.task_state = None;
    server.deleted_at = Some(at);
    server
}

/// A fault of the server.
pub(super) fn fault(env: &Env, server: ServerId, message: &str, at: Timestamp) -> Fault {
    Fault {
        server_id: server,
        request_id: RequestId::generate(env),
        code: 500,
        message: message.to_owned(),
        details: Some(format!("because of {message}")),
        host: Some(fresh(env, "host")),
        created_at: at,
    }
}

/// A report that offers `(class, total, reserved, ratio)`.
pub(super) fn report(name: &HostName, offers: &[(ResourceClass, u64, u64, f64)]) -> HostReport {
    let offered = offers.iter().map(|(class, total, reserved, ratio)| {
        let inventory = Inventory::new(*total, *reserved, *ratio).unwrap();
        (class.clone(), inventory)
    });
    let hypervisor = HypervisorInfo::new("mock", 1_002_003, "x86_64");
    HostReport::new(name.clone(), "nova".parse().unwrap(), hypervisor)
        .with_capability("hypervisor_type", "mock")
        .with_trait("HW_CPU_X86_AVX2".parse().unwrap())
        .with_trait("CUSTOM_GOLD".parse().unwrap())
        .with_inventories(offered.collect())
}

/// Adds a host that offers `(class, total, reserved, ratio)`.
pub(super) async fn host(
    store: &Store,
    env: &Env,
    offers: &[(ResourceClass, u64, u64, f64)],
) -> HostName {
    let name: HostName = fresh(env, "host");
    store
        .hosts()
        .host_report(&report(&name, offers), env.now())
        .await
        .unwrap();
    name
}

/// Amounts of `VCPU`.
pub(super) fn vcpus(amount: u64) -> Resources {
    Resources::new().with(ResourceClass::Vcpu, amount)
}

/// A claim by a new consumer on one host.
pub(super) fn claim(env: &Env, host: &HostName, resources: Resources) -> Claim {
    Claim::on(
        ServerId::generate(env),
        RequestId::generate(env),
        host.clone(),
        resources,
    )
}

/// A claim by a new consumer on several hosts.
pub(super) fn claim_over(env: &Env, resources: &[(&HostName, Resources)]) -> Claim {
    let wanted = resources
        .iter()
        .map(|(host, wanted)| ((*host).clone(), wanted.clone()))
        .collect();
    Claim::over(ServerId::generate(env), RequestId::generate(env), wanted)
}

/// What the store says is used on the host, and by how many servers, after checking that it is
/// the sum of the allocations on it.
pub(super) async fn used(store: &Store, host: &HostName) -> (Resources, u64) {
    let usages = store.hosts().host_usages().await.unwrap();
    let usage = usages.into_iter().find(|usage| usage.host.name() == host);
    let usage = usage.unwrap_or_else(|| panic!("{host} is not among the usages"));
    let held = store.allocations().allocations_on(host).await.unwrap();
    let mut sum = Resources::new();
    for allocation in &held {
        assert_eq!(allocation.host, *host, "an allocation of another host");
        sum.add(&allocation.resources);
    }
    assert_eq!(
        usage.used, sum,
        "the usage of {host} is not the sum of the allocations on it"
    );
    assert_eq!(
        usage.servers,
        held.len() as u64,
        "the number of servers on {host}"
    );
    (usage.used, usage.servers)
}

/// Runs the work in so many tasks at once and returns what each returned.
pub(super) async fn at_once<T, F>(count: usize, mut work: impl FnMut(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(count));
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..count {
        let barrier = barrier.clone();
        let work = work(index);
        tasks.spawn(async move {
            barrier.wait().await;
            work.await
        });
    }
    tasks.join_all().await
}

/// Counts the successes; every failure must be of the kind that is expected.
pub(super) fn successes<T: Debug>(results: Vec<Result<T>>, expected: fn(&Error) -> bool) -> Vec<T> {
    let mut values = Vec::new();
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(error) => assert!(expected(&error), "failed with {error:?}"),
        }
    }
    values
}

/// Whether it is [`Error::NoCapacity`].
pub(super) fn is_no_capacity(error: &Error) -> bool {
    matches!(error, Error::NoCapacity { .. })
}

/// Whether it is [`Error::AlreadyExists`].
pub(super) fn is_already_exists(error: &Error) -> bool {
    matches!(error, Error::AlreadyExists { .. })
}

/// Asserts that a call failed with a pattern.
macro_rules! assert_fails {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        match $result {
            Err($pattern) $(if $guard)? => {}
            other => panic!("expected {}, got {other:?}", stringify!($pattern $(if $guard)?)),
        }
    };
}
pub(super) use assert_fails;
