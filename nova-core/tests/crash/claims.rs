//! Killing a process that claims: nothing is half written, nothing that was confirmed is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nova_core::Env;
use nova_core::env::SystemClock;
use nova_core::id::ServerId;
use nova_core::model::{HostReport, HypervisorInfo, Inventory, ResourceClass, Resources};
use nova_core::repository::Store;

use crate::database::{Database, Kind};
use crate::process::{Process, Role};
use crate::writer::{claim_of, hosts};

const ROUNDS: u32 = 50;

/// What a round of writing had confirmed.
#[derive(Debug, Default)]
struct Confirmed {
    claimed: BTreeSet<ServerId>,
    /// Whether these are still there is not known.
    releasing: BTreeSet<ServerId>,
    released: BTreeSet<ServerId>,
    created: BTreeSet<ServerId>,
}

impl Confirmed {
    fn of(said: &[String]) -> Self {
        let mut confirmed = Self::default();
        for line in said {
            let Some((word, id)) = line.split_once(' ') else {
                assert_eq!(line, "ready");
                continue;
            };
            let set = match word {
                "claimed" => &mut confirmed.claimed,
                "releasing" => &mut confirmed.releasing,
                "released" => &mut confirmed.released,
                "created" => &mut confirmed.created,
                other => panic!("what is {other}?"),
            };
            set.insert(id.parse().unwrap());
        }
        confirmed
    }
}

/// The seed of a run: a new one, or that of the run to repeat.
pub fn seed() -> u64 {
    match std::env::var("NOVA_TEST_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => Env::system().random_u64(),
    }
}

pub async fn killed_at_any_moment(kind: Kind) {
    let seed = seed();
    let random = Env::with_clock(seed, SystemClock);
    let database = Database::create(kind).await;
    let store = database.open("it is new").await;
    for host in hosts() {
        store
            .hosts()
            .host_report(&report(host.as_str()), random.now())
            .await
            .unwrap();
    }
    store.close().await;

    let (mut claims, mut servers) = (0, 0);
    for round in 0..ROUNDS {
        let context = format!("round {round} of seed {seed}");
        let role = Role::Writer {
            url: database.url.clone(),
            seed: random.random_u64(),
        };
        let mut process = Process::start(&role).await;
        // Now and then while it still opens the database.
        if round % 5 != 0 {
            process.until("ready").await;
        }
        let life = random.random_duration(Duration::ZERO, Duration::from_millis(150));
        tokio::time::sleep(life).await;
        let confirmed = Confirmed::of(&process.kill().await);

        let store = database.open(&context).await;
        verify(&store, &confirmed, &context).await;
        store.close().await;
        claims += confirmed.claimed.len();
        servers += confirmed.created.len();
    }
    // Otherwise nothing was tested.
    assert!(
        claims > 50 && servers > 10,
        "{claims} claims, {servers} servers"
    );
    database.remove().await;
}

async fn verify(store: &Store, confirmed: &Confirmed, context: &str) {
    let mut found: BTreeMap<ServerId, BTreeMap<_, _>> = BTreeMap::new();
    let usages = store.hosts().host_usages().await.unwrap();
    for host in hosts() {
        let held = store.allocations().allocations_on(&host).await.unwrap();
        let mut sum = Resources::new();
        for allocation in &held {
            sum.add(&allocation.resources);
        }
        let usage = usages.iter().find(|usage| *usage.host.name() == host);
        let usage = usage.unwrap();
        assert_eq!(usage.used, sum, "what is used of {host}: {context}");
        assert_eq!(usage.servers, held.len() as u64, "{context}");
        for allocation in held {
            let consumer = allocation.consumer.server().expect(context);
            let of_consumer = found.entry(consumer).or_default();
            of_consumer.insert(host.clone(), allocation.resources);
        }
    }
    for (consumer, resources) in &found {
        assert_eq!(
            *resources,
            claim_of(*consumer).resources,
            "half a claim of {consumer}: {context}"
        );
    }
    for consumer in confirmed.claimed.difference(&confirmed.releasing) {
        assert!(found.contains_key(consumer), "lost {consumer}: {context}");
    }
    for consumer in &confirmed.released {
        assert!(!found.contains_key(consumer), "kept {consumer}: {context}");
    }
    for id in &confirmed.created {
        let server = store.servers().server_get(*id).await;
        assert_eq!(server.expect(context).id, *id);
    }
}

fn report(name: &str) -> HostReport {
    let plenty = Inventory::new(1 << 40, 0, 1.0).unwrap();
    let hypervisor = HypervisorInfo::new("mock", 1, "x86_64");
    HostReport::new(name.parse().unwrap(), "nova".parse().unwrap(), hypervisor)
        .with_inventory(ResourceClass::Vcpu, plenty)
        .with_inventory(ResourceClass::MemoryMb, plenty)
}
