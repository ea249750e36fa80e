//! The records follow what happens to guests.

use std::time::Duration;

use nova_sdk::calls::REPORTS;
use nova_sdk::calls::conductor::{GuestState, ReportHost};
use nova_sdk::prelude::*;
use nova_sdk::rpc::{Client, Target};
use nova_sdk::virt::mock::Operation;

use crate::support::{Parts, World, mocks};

async fn running(mock: &MockHypervisor) -> (World, ServerId) {
    let world = Parts::simulated(std::slice::from_ref(mock)).start().await;
    let id = world.boot("web-1").await.id;
    (world, id)
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_stops_by_itself_is_stopped() {
    let mock = mocks(1).remove(0);
    let (world, id) = running(&mock).await;
    assert!(mock.guest_stops_itself(id.into()));
    // By the event: long before the next regular report.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let server = world.api().server_show(&world.user, id).await.unwrap();
    assert_eq!(
        (server.vm_state, server.power_state),
        (VmState::Stopped, PowerState::Shutdown)
    );
    world.api().server_start(&world.user, id).await.unwrap();
    assert_eq!(world.settled(id).await.vm_state, VmState::Active);
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_crashes_is_stopped_and_known_to_have_crashed() {
    let mock = mocks(1).remove(0);
    let (world, id) = running(&mock).await;
    assert!(mock.guest_crashes(id.into()));
    let server = world.until(id, VmState::Stopped).await;
    assert_eq!(server.power_state, PowerState::Crashed);
}

#[tokio::test(start_paused = true)]
async fn a_report_brings_what_no_event_told() {
    let mock = mocks(1).remove(0);
    let (world, id) = running(&mock).await;
    mock.host_dies();
    tokio::time::sleep(Duration::from_secs(60)).await;
    mock.host_returns();
    let server = world.until(id, VmState::Stopped).await;
    assert_eq!(server.power_state, PowerState::Crashed);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_server_that_runs_is_powered_off_again() {
    let mock = mocks(1).remove(0);
    let (world, id) = running(&mock).await;
    world.api().server_stop(&world.user, id).await.unwrap();
    world.until(id, VmState::Stopped).await;
    // Somebody starts it behind the cloud's back.
    mock.power_on(id.into()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(
        mock.inspect(id.into()).await.unwrap().power_state,
        PowerState::Shutdown
    );
    assert_eq!(world.settled(id).await.vm_state, VmState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn guests_that_the_records_do_not_know_are_left_alone() {
    let mock = mocks(1).remove(0);
    let (world, id) = running(&mock).await;
    // Made by something else on the same hypervisor.
    let stranger = nova_sdk::virt::VmSpec {
        id: nova_sdk::virt::GuestId::from_uuid(world.env.uuid()),
        name: "stranger".to_owned(),
        vcpus: 1,
        memory: Mebibytes::new(64),
        disks: vec![nova_sdk::virt::DiskSpec {
            size: Bytes::new(1 << 20),
            base: None,
        }],
        nics: Vec::new(),
    };
    mock.spawn(&stranger, &Default::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(mock.list().await.unwrap().len(), 2);
    assert_eq!(world.settled(id).await.vm_state, VmState::Active);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_is_older_than_an_operation_undoes_nothing() {
    let mock = mocks(1).remove(0);
    let (world, id) = running(&mock).await;
    let host = world
        .store
        .hosts()
        .host_get(&"host-1".parse().unwrap())
        .await
        .unwrap();
    let reports = Client::new(
        world.transport.clone(),
        world.env.clone(),
        Target::topic(REPORTS),
    );
    // The guest as it was found before it was started, and before it was made.
    let guest = |power_state| GuestState {
        server_id: id,
        power_state,
    };
    for stale in [
        vec![guest(PowerState::Shutdown)],
        vec![guest(PowerState::Crashed)],
        vec![],
    ] {
        let call = ReportHost {
            report: host.report.clone(),
            guests: Some(stale),
        };
        reports.call(&world.admin, call).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let server = world.api().server_show(&world.admin, id).await.unwrap();
        assert_eq!(
            (server.vm_state, server.power_state),
            (VmState::Active, PowerState::Running)
        );
    }
    // And one from before a stop does not start or stop anything either.
    world.api().server_stop(&world.user, id).await.unwrap();
    world.until(id, VmState::Stopped).await;
    let call = ReportHost {
        report: host.report.clone(),
        guests: Some(vec![guest(PowerState::Running)]),
    };
    mock.clear_journal();
    reports.call(&world.admin, call).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(mock.journal().count(Operation::PowerOff), 0);
    assert_eq!(
        world.until(id, VmState::Stopped).await.power_state,
        PowerState::Shutdown
    );
}

#[tokio::test(start_paused = true)]
async fn an_active_server_whose_guest_is_recorded_as_off_is_stopped() {
    let mock = mocks(1).remove(0);
    let (world, id) = running(&mock).await;
    // As if the guest had ended between the host's answer and the conductor's note of it.
    let mut server = world.store.servers().server_get(id).await.unwrap();
    server.power_state = PowerState::Crashed;
    world.store.servers().server_update(&server).await.unwrap();
    mock.host_dies();
    mock.host_returns();
    assert_eq!(
        world.until(id, VmState::Stopped).await.power_state,
        PowerState::Crashed
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_is_not_forgotten_while_its_guest_may_still_be_there() {
    let mock = mocks(1).remove(0);
    let (world, id) = running(&mock).await;
    let World {
        cloud,
        store,
        env,
        admin,
        user,
        ..
    } = world;
    cloud.stop().await.unwrap();
    let images = std::sync::Arc::new(MemoryImages::new(&env));
    let builder = || Cloud::builder(env.clone(), store.clone(), images.clone());
    let without = builder().start().await.unwrap();
    without.api().server_delete(&user, id).await.unwrap();
    without
        .api()
        .wait_until_gone(&user, id, Duration::from_secs(60))
        .await
        .unwrap();
    let refused = without.api().server_purge(&admin, id).await.unwrap_err();
    assert!(matches!(refused, Error::GuestMayRemain { .. }), "{refused}");
    without.stop().await.unwrap();

    let config = ComputeConfig::new("host-1").unwrap();
    let with = builder()
        .host(config, std::sync::Arc::new(mock.clone()))
        .start()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(mock.list().await.unwrap(), []);
    assert!(with.api().server_purge(&admin, id).await.unwrap());
    with.stop().await.unwrap();
}
