//! The process that is killed: it claims, releases and creates, and says what was confirmed.

use std::sync::Arc;

use nova_core::Env;
use nova_core::env::SystemClock;
use nova_core::id::{HostName, ImageId, RequestId, ServerId};
use nova_core::model::{Claim, Flavor, NewServer, ResourceClass, Resources, Server};
use nova_core::repository::Store;
use nova_core::repository::sql::SqlStore;
use nova_core::units::{Gibibytes, Mebibytes};

/// How many calls it makes at once.
const TASKS: usize = 4;

/// The two hosts that claims are on.
pub fn hosts() -> [HostName; 2] {
    ["host-1", "host-2"].map(|name| name.parse().unwrap())
}

/// The claim of a consumer: what it is follows from the id alone, so that whoever finds one knows
/// what it must be. Every third is on both hosts.
pub fn claim_of(consumer: ServerId) -> Claim {
    let seed = consumer.as_uuid().as_bytes()[15];
    let resources = |amount: u8| {
        Resources::new()
            .with(ResourceClass::Vcpu, u64::from(amount % 7) + 1)
            .with(ResourceClass::MemoryMb, u64::from(amount) + 1)
    };
    let [first, second] = hosts();
    let request: RequestId = format!("req-{consumer}").parse().unwrap();
    let mut claim = Claim::on(consumer, request, first, resources(seed));
    if seed.is_multiple_of(3) {
        claim.resources.insert(second, resources(seed / 2));
    }
    claim
}

/// Writes until it is killed. Says `ready`, then a line for each call: `claimed ID`, `created ID`
/// and `released ID` after it was confirmed, `releasing ID` before it was begun.
pub async fn write(url: &str, seed: u64) {
    let store = Store::new(SqlStore::connect(url).await.unwrap());
    println!("ready");
    let env = Env::with_clock(seed, SystemClock);
    let store = Arc::new(store);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let (store, env) = (Arc::clone(&store), env.clone());
        tasks.spawn(async move {
            loop {
                write_once(&store, &env).await;
            }
        });
    }
    tasks.join_all().await;
}

async fn write_once(store: &Store, env: &Env) {
    let id = ServerId::generate(env);
    if env.random_index(4) == Some(0) {
        store
            .servers()
            .server_create(&server(id, env))
            .await
            .unwrap();
        println!("created {id}");
        return;
    }
    store.allocations().claim(&claim_of(id)).await.unwrap();
    println!("claimed {id}");
    if env.random_index(3) == Some(0) {
        println!("releasing {id}");
        assert!(store.allocations().release(id.into(), None).await.unwrap());
        println!("released {id}");
    }
}

fn server(id: ServerId, env: &Env) -> Server {
    let flavor = "tiny".parse().unwrap();
    let flavor = Flavor::builder(flavor, 1, Mebibytes::new(64), Gibibytes::new(1));
    let new = NewServer::new(
        id,
        "web".parse().unwrap(),
        "project".parse().unwrap(),
        "user".parse().unwrap(),
        flavor.build().unwrap(),
        ImageId::generate(env),
    );
    Server::begin(new, env.now())
}
