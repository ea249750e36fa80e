//! What the stores do in a second, beside the same statements without a store.
//!
//! `cargo bench --bench store` measures the store in memory and in a SQLite file;
//! `scripts/services --only postgres,mysql cargo bench --bench store --all-features` also
//! PostgreSQL and MariaDB. Each call is followed by the same statements through sqlx alone, each on
//! one connection to the same database, so that both meet the same machine. The ratio is theirs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures the machine's time and speaks to a person"
)]

mod bare;
mod bulk;
mod fixture;
mod schedulers;
mod single;

use nova_sdk::core::repository::sql::{SqlOptions, SqlStore};
use nova_sdk::prelude::{MemoryStore, Store};

use bare::Bare;
use fixture::{HOSTS, LISTED};

/// How often everything is measured; the medians are shown.
const RUNS: usize = 3;

#[tokio::main]
async fn main() {
    // As a program would: in a task of the runtime, not beside it.
    tokio::spawn(measure()).await.unwrap();
}

async fn measure() {
    println!(
        "{LISTED} servers and {HOSTS} hosts are there; one call at a time; medians of {RUNS} runs\n"
    );
    memory().await;
    let directory = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}", directory.path().join("store.db").display());
    database("sqlite", &format!("{file}?mode=rwc")).await;
    for (name, variable) in [
        ("postgres", "NOVA_TEST_POSTGRES_URL"),
        ("mysql", "NOVA_TEST_MYSQL_URL"),
    ] {
        match std::env::var(variable) {
            Ok(url) => database(name, &url).await,
            Err(_) => println!("{name}: not measured, {variable} is not set\n"),
        }
    }
}

async fn memory() {
    let store = Store::new(MemoryStore::new());
    let fleet = fixture::fill(&store).await;
    single::measure("memory", &store, None, &fleet).await;
    bulk::measure(&store, &fleet).await;
    schedulers::measure(&store, None).await;
    fixture::claims_alone(&fleet).await;
}

async fn database(name: &'static str, url: &str) {
    let Some(place) = bare::place(name, url).await else {
        println!("{name}: not measured, nova-sdk was built without its feature `{name}`\n");
        return;
    };
    let sql = SqlStore::connect(&place.url).await.unwrap();
    let store = Store::new(sql.clone());
    let fleet = fixture::fill(&store).await;
    let bare = Bare::connect(name, &place.url).await;
    bare.analyze().await;
    let alone = SqlOptions::default().max_connections(1);
    let alone = SqlStore::connect_with(&place.url, &alone).await.unwrap();
    single::measure(name, &Store::new(alone.clone()), Some(&bare), &fleet).await;
    alone.close().await;
    bulk::measure(&store, &fleet).await;
    schedulers::measure(&store, Some(&sql)).await;
    bare.close().await;
    sql.close().await;
    place.remove().await;
}
