//! One call at a time.

use nova_sdk::core::id::ProjectId;
use nova_sdk::core::repository::ServerSort;
use nova_sdk::core::state::TaskState;
use nova_sdk::prelude::*;

use super::bare::Bare;
use super::fixture::{Fleet, PROJECTS, Times, claim, median, server};

/// How often each call is made in a run.
const CALLS: usize = 600;

/// The times of a call through the store and without it.
#[derive(Default)]
struct Pair {
    store: Times,
    bare: Times,
}

/// Measures and prints a table.
pub async fn measure(name: &str, store: &Store, bare: Option<&Bare>, fleet: &Fleet) {
    println!(
        "{name:<28} {:>9} {:>10} {:>11} {:>12} {:>6}",
        "calls/s", "p99 µs", "bare/s", "bare p99 µs", "ratio"
    );
    let mut runs: Vec<[Pair; 5]> = Vec::new();
    for run in 0..super::RUNS {
        runs.push([
            creates(store, bare, fleet).await,
            gets(store, bare, fleet).await,
            lists(store, bare).await,
            claims(store, bare, fleet).await,
            updates(store, bare, fleet, run).await,
        ]);
    }
    let names = [
        "create server",
        "get",
        "list 100 of 100,000",
        "claim",
        "update state",
    ];
    for (index, call) in names.iter().enumerate() {
        let of = |value: fn(&Pair) -> f64| {
            median(
                &mut runs
                    .iter()
                    .map(|run| value(&run[index]))
                    .collect::<Vec<_>>(),
            )
        };
        let (rate, p99) = (of(|pair| pair.store.rate()), of(|pair| pair.store.p99()));
        if bare.is_none() {
            println!("  {call:<26} {rate:>9.0} {p99:>10.1}");
            continue;
        }
        println!(
            "  {call:<26} {rate:>9.0} {p99:>10.1} {:>11.0} {:>12.1} {:>6.2}",
            of(|pair| pair.bare.rate()),
            of(|pair| pair.bare.p99()),
            of(|pair| pair.store.rate() / pair.bare.rate()),
        );
    }
}

async fn creates(store: &Store, bare: Option<&Bare>, fleet: &Fleet) -> Pair {
    let mut pair = Pair::default();
    for index in 0..CALLS {
        let new = server(&fleet.env, index % PROJECTS);
        pair.store
            .time(store.servers().server_create(&new))
            .await
            .unwrap();
        if let Some(bare) = bare {
            let new = server(&fleet.env, index % PROJECTS);
            pair.bare.time(bare.create(&new)).await;
        }
    }
    pair
}

async fn gets(store: &Store, bare: Option<&Bare>, fleet: &Fleet) -> Pair {
    let mut pair = Pair::default();
    for index in 0..CALLS {
        let id = fleet.servers[index * 163 % fleet.servers.len()].id;
        pair.store
            .time(store.servers().server_get(id))
            .await
            .unwrap();
        if let Some(bare) = bare {
            pair.bare.time(bare.get(id)).await;
        }
    }
    pair
}

async fn lists(store: &Store, bare: Option<&Bare>) -> Pair {
    let mut pair = Pair::default();
    for index in 0..CALLS / 4 {
        let project: ProjectId = format!("project-{}", index % PROJECTS).parse().unwrap();
        let filter = ServerFilter::default().project(project.clone());
        let (sort, page) = (ServerSort::default(), PageRequest::first(100).unwrap());
        let listed = pair
            .store
            .time(store.servers().server_list(&filter, sort, &page))
            .await;
        assert_eq!(listed.unwrap().items.len(), 100);
        if let Some(bare) = bare {
            assert_eq!(pair.bare.time(bare.list(&project)).await, 101);
        }
    }
    pair
}

async fn claims(store: &Store, bare: Option<&Bare>, fleet: &Fleet) -> Pair {
    let mut pair = Pair::default();
    for index in 0..CALLS {
        let host = &fleet.hosts[index * 97 % fleet.hosts.len()];
        let wanted = claim(&fleet.env, ServerId::generate(&fleet.env), host);
        pair.store
            .time(store.allocations().claim(&wanted))
            .await
            .unwrap();
        if let Some(bare) = bare {
            let wanted = claim(&fleet.env, ServerId::generate(&fleet.env), host);
            pair.bare.time(bare.claim(&wanted)).await;
        }
    }
    pair
}

async fn updates(store: &Store, bare: Option<&Bare>, fleet: &Fleet, run: usize) -> Pair {
    let mut pair = Pair::default();
    let first = run * CALLS * 2;
    for index in (first..first + CALLS * 2).step_by(2) {
        let mut server = fleet.servers[index].clone();
        server.task_state = Some(TaskState::Spawning);
        pair.store
            .time(store.servers().server_update(&server))
            .await
            .unwrap();
        if let Some(bare) = bare {
            let mut server = fleet.servers[index + 1].clone();
            server.task_state = Some(TaskState::Spawning);
            pair.bare.time(bare.update(&server)).await;
        }
    }
    pair
}
