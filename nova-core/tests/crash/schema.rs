//! Processes that bring the schema up to date: several at once, and killed half-way.

use std::time::Duration;

use nova_core::Env;
use nova_core::env::SystemClock;
use nova_core::id::ServerId;
use nova_core::model::Flavor;
use nova_core::repository::Store;
use nova_core::units::{Gibibytes, Mebibytes};
use tokio::time::Instant;

use crate::claims::seed;
use crate::database::{Database, Kind};
use crate::process::{Process, Role};

/// How often a migration is killed.
const KILLS: u32 = 8;

fn opener(database: &Database) -> Role {
    Role::Opener {
        url: database.url.clone(),
    }
}

pub async fn ten_at_once(kind: Kind) {
    let database = Database::create(kind).await;
    let role = opener(&database);
    let mut processes = Vec::new();
    for _ in 0..10 {
        processes.push(Process::start(&role).await);
    }
    for process in &mut processes {
        process.go().await;
    }
    for process in processes {
        process.end().await;
    }
    let store = database.open("ten processes opened it").await;
    works(&store).await;
    store.close().await;
    database.remove().await;
}

pub async fn killed_half_way(kind: Kind) {
    let seed = seed();
    let random = Env::with_clock(seed, SystemClock);
    // How long it takes when nobody kills it.
    let database = Database::create(kind).await;
    let mut process = Process::start(&opener(&database)).await;
    let began = Instant::now();
    process.go().await;
    process.until("opened").await;
    let whole = began.elapsed();
    process.end().await;
    database.remove().await;

    for round in 0..KILLS {
        let database = Database::create(kind).await;
        let mut process = Process::start(&opener(&database)).await;
        // Once in each part of it, at a random moment.
        let part = whole / KILLS;
        let moment = part * round + random.random_duration(Duration::ZERO, part);
        process.go().await;
        tokio::time::sleep(moment).await;
        process.kill().await;
        let context = format!("killed after {moment:?} of {whole:?}, seed {seed}");
        let store = database.open(&context).await;
        works(&store).await;
        store.close().await;
        database.remove().await;
    }
}

/// Writes and reads something.
async fn works(store: &Store) {
    let flavor = "tiny".parse().unwrap();
    let flavor = Flavor::builder(flavor, 1, Mebibytes::new(64), Gibibytes::new(1))
        .build()
        .unwrap();
    store.flavors().flavor_create(&flavor).await.unwrap();
    assert_eq!(
        store.flavors().flavor_get(flavor.id()).await.unwrap(),
        flavor
    );
    let consumer = ServerId::generate(&Env::system());
    let held = store
        .allocations()
        .allocations_of(consumer.into())
        .await
        .unwrap();
    assert!(held.is_empty());
    assert!(store.hosts().host_usages().await.unwrap().is_empty());
}
