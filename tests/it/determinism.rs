//! The same seed gives the same run: ids, choices, instants, faults, everything.

use std::fmt::Write as _;
use std::time::Duration;

use nova_sdk::core::repository::Store;
use nova_sdk::prelude::*;
use nova_sdk::virt::mock::{Fault, Operation};

use crate::support::{Parts, shared};

/// A busy hour on three hosts that fail now and then. Returns all that can be seen of it.
fn run(seed: u64) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let env = Env::simulated(seed);
        let mocks: Vec<MockHypervisor> = (1..=3)
            .map(|index| {
                let latency = env.clone();
                MockHypervisor::builder(format!("host-{index}"))
                    .latency_by(move |_| {
                        latency.random_duration(Duration::ZERO, Duration::from_secs(20))
                    })
                    .build()
            })
            .collect();
        mocks[0].inject(Fault::on(Operation::Spawn).after(2).times(3));
        mocks[1].inject(Fault::on(Operation::PowerOff).after(1));
        let store = Store::new(MemoryStore::new());
        let world = Parts::in_memory(env.clone(), store, shared(&mocks))
            .start()
            .await;
        let api = world.api();

        let mut ids = Vec::new();
        for index in 0..20 {
            ids.push(world.create(&format!("web-{index}")).await.id);
            tokio::time::sleep(env.random_duration(Duration::ZERO, Duration::from_secs(5))).await;
        }
        let mut journal = String::new();
        for _ in 0..200 {
            let id = ids[env.random_index(ids.len()).unwrap()];
            let done = match env.random_index(6).unwrap() {
                0 => api.server_stop(&world.user, id).await,
                1 => api.server_start(&world.user, id).await,
                2 => api.server_reboot_hard(&world.user, id).await,
                3 => api.server_pause(&world.user, id).await,
                4 => api.server_unpause(&world.user, id).await,
                _ => {
                    mocks[env.random_index(3).unwrap()].guest_stops_itself(id.into());
                    api.server_show(&world.user, id).await
                }
            };
            let told = done.map_or_else(|error| error.to_string(), |server| format!("{server:?}"));
            writeln!(journal, "{} {told}", env.now()).unwrap();
            tokio::time::sleep(env.random_duration(Duration::ZERO, Duration::from_secs(30))).await;
        }
        for mock in &mocks {
            writeln!(journal, "{}", mock.journal()).unwrap();
        }
        journal
    })
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let first = run(1);
    assert!(
        first.lines().filter(|line| line.contains("Active")).count() > 20,
        "{first}"
    );
    assert!(first == run(1), "two runs of one seed differ");
    assert!(first != run(2), "the seed does not matter");
}
