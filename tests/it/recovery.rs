//! What a conductor left under way is taken up by the next.

use std::time::Duration;

use nova_sdk::core::repository::Store;
use nova_sdk::core::state::TaskState;
use nova_sdk::prelude::*;
use nova_sdk::virt::mock::Operation;

use crate::support::{Parts, World, mocks};

/// Stops a cloud as a crash would: nothing is drained.
async fn crash(world: World) -> (Store, Vec<std::sync::Arc<dyn Hypervisor>>, Env) {
    let World {
        cloud,
        store,
        hypervisors,
        env,
        ..
    } = world;
    drop(cloud);
    // What was dropped comes to its end.
    tokio::time::sleep(Duration::from_secs(1)).await;
    (store, hypervisors, env)
}

async fn restart(parts: (Store, Vec<std::sync::Arc<dyn Hypervisor>>, Env)) -> World {
    let (store, hypervisors, env) = parts;
    Parts::in_memory(env, store, hypervisors).start().await
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_starts_again_finds_its_guests() {
    let world = Parts::simulated(&mocks(2)).start().await;
    let before = world.boot("web-1").await;
    let world = restart(crash(world).await).await;
    assert_eq!(world.settled(before.id).await, before);
    world.delete(before.id).await;
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_stopped_while_the_cloud_was_away_is_stopped() {
    let mocks = mocks(1);
    let world = Parts::simulated(&mocks).start().await;
    let id = world.boot("web-1").await.id;
    let crashed = crash(world).await;
    assert!(mocks[0].guest_stops_itself(id.into()));
    let world = restart(crashed).await;
    assert_eq!(
        world.until(id, VmState::Stopped).await.power_state,
        PowerState::Shutdown
    );
}

#[tokio::test(start_paused = true)]
async fn a_build_that_was_cut_off_is_done_again() {
    let mocks = vec![
        MockHypervisor::builder("host-1")
            .latency(Operation::Spawn, Duration::from_secs(60))
            .build(),
    ];
    let mut parts = Parts::simulated(&mocks);
    let images = parts.images.clone();
    parts.conductor = ConductorConfig::default();
    let world = parts.start().await;
    let id = world.create("web-1").await.id;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (store, hypervisors, env) = crash(world).await;
    let cut_off = store.servers().server_get(id).await.unwrap();
    assert_eq!(cut_off.task_state, Some(TaskState::Spawning), "{cut_off:?}");

    let mut parts = Parts::in_memory(env, store, hypervisors);
    parts.images = images;
    let world = parts.start().await;
    assert_eq!(
        world.until(id, VmState::Active).await.power_state,
        PowerState::Running
    );
    assert_eq!(mocks[0].list().await.unwrap().len(), 1);
    world.delete(id).await;
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn operations_that_were_cut_off_are_done_again() {
    let slow = Duration::from_secs(60);
    let mocks = vec![
        MockHypervisor::builder("host-1")
            .latency(Operation::PowerOff, slow)
            .latency(Operation::Destroy, slow)
            .latency(Operation::Pause, slow)
            .build(),
    ];
    let world = Parts::simulated(&mocks).start().await;
    let stopped = world.boot("stopped").await.id;
    let paused = world.boot("paused").await.id;
    let deleted = world.boot("deleted").await.id;
    world.api().server_stop(&world.user, stopped).await.unwrap();
    world.api().server_pause(&world.user, paused).await.unwrap();
    world
        .api()
        .server_delete(&world.user, deleted)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;

    let world = restart(crash(world).await).await;
    assert_eq!(
        world.until(stopped, VmState::Stopped).await.power_state,
        PowerState::Shutdown
    );
    assert_eq!(
        world.until(paused, VmState::Paused).await.power_state,
        PowerState::Paused
    );
    let patience = Duration::from_secs(600);
    world
        .api()
        .wait_until_gone(&world.user, deleted, patience)
        .await
        .unwrap();
    assert_eq!(mocks[0].list().await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_marked_and_that_nobody_works_on_is_taken_up_in_time() {
    let world = Parts::simulated(&mocks(1)).start().await;
    let id = world.boot("web-1").await.id;
    // As if the message to the conductor had been lost.
    let mut server = world.store.servers().server_get(id).await.unwrap();
    server.task_state = Some(TaskState::PoweringOff);
    server.updated_at = world.env.now();
    world.store.servers().server_update(&server).await.unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(
        world.store.servers().server_get(id).await.unwrap().vm_state,
        VmState::Active
    );
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(world.settled(id).await.vm_state, VmState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn work_that_takes_long_is_not_taken_for_abandoned() {
    let mocks = vec![
        MockHypervisor::builder("host-1")
            .latency(Operation::PowerOff, Duration::from_secs(170))
            .build(),
    ];
    let world = Parts::simulated(&mocks).start().await;
    let id = world.boot("web-1").await.id;
    world.api().server_stop(&world.user, id).await.unwrap();
    let patience = Duration::from_secs(1000);
    world
        .api()
        .wait_until_settled(&world.user, id, patience)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert_eq!(mocks[0].journal().count(Operation::PowerOff), 1);
}
