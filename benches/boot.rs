//! From create to active, with the mock driver: how many servers a second, and what of that is
//! the store.
//!
//! `cargo bench --bench boot`. Each case is run `RUNS` times and the medians are shown, beside a
//! floor measured in the same run: the store's own writes for such a server (create, claim, two
//! updates), with as many in flight and nothing else.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures the machine's time and speaks to a person"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use nova_sdk::core::id::RequestId;
use nova_sdk::core::model::{Claim, NewServer};
use nova_sdk::prelude::*;
use nova_sdk::virt::guests;

/// How often each case is run.
const RUNS: usize = 5;
/// How many servers a run creates.
const SERVERS: usize = 400;
const HOSTS: usize = 8;

#[tokio::main]
async fn main() {
    println!("{SERVERS} servers on {HOSTS} mock hosts; medians of {RUNS} runs [least–most]\n");
    println!(
        "{:<8} {:>9}  {:>24}  {:>24}  {:>6}",
        "store", "in flight", "servers/s", "floor/s", "ratio"
    );
    for store in ["memory", "sqlite"] {
        for in_flight in [1, 16, 64] {
            let (mut whole, mut floor) = (Vec::new(), Vec::new());
            for _ in 0..RUNS {
                whole.push(boot(store, in_flight).await);
                floor.push(store_alone(store, in_flight).await);
            }
            let ratio = median(&mut whole) / median(&mut floor);
            let shown = |rates: &[f64]| {
                format!(
                    "{:.0} [{:.0}–{:.0}]",
                    rates[RUNS / 2],
                    rates[0],
                    rates[RUNS - 1]
                )
            };
            println!(
                "{store:<8} {in_flight:>9}  {:>24}  {:>24}  {ratio:>6.2}",
                shown(&whole),
                shown(&floor)
            );
        }
    }
}

/// Sorts, and returns the middle.
fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

async fn open(kind: &str, directory: &std::path::Path) -> Store {
    match kind {
        "memory" => Store::new(MemoryStore::new()),
        _ => {
            let file = directory.join("nova.sqlite");
            nova_sdk::open_store(&format!("sqlite://{}?mode=rwc", file.display()))
                .await
                .unwrap()
        }
    }
}

fn tiny() -> Flavor {
    Flavor::builder(
        "tiny".parse().unwrap(),
        1,
        Mebibytes::new(64),
        Gibibytes::new(1),
    )
    .build()
    .unwrap()
}

/// Runs `work` for each server, so many at a time, and returns how many end in a second.
async fn rate<F: Future<Output = ()>>(in_flight: usize, work: impl Fn(usize) -> F) -> f64 {
    let began = Instant::now();
    futures::stream::iter(0..SERVERS)
        .map(work)
        .buffer_unordered(in_flight)
        .for_each(async |()| ())
        .await;
    #[expect(clippy::cast_precision_loss, reason = "a count of servers")]
    let servers = SERVERS as f64;
    servers / began.elapsed().as_secs_f64()
}

/// The whole way: API, conductor, scheduler, compute, mock and back.
async fn boot(kind: &str, in_flight: usize) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let env = Env::system();
    let images = MemoryImages::new(&env);
    let image = images
        .add("boot sector", DiskFormat::Raw, guests::serial_disk())
        .unwrap()
        .id;
    let mut builder = Cloud::builder(
        env.clone(),
        open(kind, directory.path()).await,
        Arc::new(images),
    );
    for index in 1..=HOSTS {
        let name = format!("host-{index}");
        let mock = Arc::new(MockHypervisor::builder(&name).vcpus(4096).build());
        builder = builder.host(ComputeConfig::new(name).unwrap(), mock);
    }
    let cloud = builder.start().await.unwrap();
    let api = cloud.api();
    let context =
        RequestContext::new(&env, "bench".parse().unwrap(), "bench".parse().unwrap()).admin();
    api.flavor_create(&context, &tiny()).await.unwrap();
    let rate = rate(in_flight, |index| {
        let request = CreateServer::new(format!("web-{index}"), "tiny", image);
        let context = &context;
        async move {
            let server = api.server_create(context, request).await.unwrap();
            let patience = Duration::from_secs(60);
            let server = api
                .wait_until_settled(context, server.id, patience)
                .await
                .unwrap();
            assert_eq!(server.vm_state, VmState::Active);
        }
    })
    .await;
    cloud.stop().await.unwrap();
    rate
}

/// What the store alone does for such a server.
async fn store_alone(kind: &str, in_flight: usize) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let env = Env::system();
    let store = open(kind, directory.path()).await;
    let host: HostName = "host-1".parse().unwrap();
    let report = host_report(&host);
    store.hosts().host_report(&report, env.now()).await.unwrap();
    let rate = rate(in_flight, |index| {
        let (env, store, host) = (&env, &store, &host);
        async move {
            let new = NewServer::new(
                ServerId::generate(env),
                format!("web-{index}").parse().unwrap(),
                "bench".parse().unwrap(),
                "bench".parse().unwrap(),
                tiny(),
                ImageId::generate(env),
            );
            let mut server = Server::begin(new, env.now());
            store.servers().server_create(&server).await.unwrap();
            let claim = Claim::on(
                server.id,
                RequestId::generate(env),
                host.clone(),
                server.flavor.resources(),
            );
            store.allocations().claim(&claim).await.unwrap();
            for _ in 0..2 {
                server = store.servers().server_update(&server).await.unwrap();
            }
        }
    })
    .await;
    store.close().await;
    rate
}

fn host_report(name: &HostName) -> nova_sdk::core::model::HostReport {
    use nova_sdk::core::model::{HostReport, HypervisorInfo, Inventory, ResourceClass};

    let plenty = Inventory::new(1 << 30, 0, 1.0).unwrap();
    let hypervisor = HypervisorInfo::new("mock", 1, "x86_64");
    HostReport::new(name.clone(), "nova".parse().unwrap(), hypervisor)
        .with_inventory(ResourceClass::Vcpu, plenty)
        .with_inventory(ResourceClass::MemoryMb, plenty)
        .with_inventory(ResourceClass::DiskGb, plenty)
}
