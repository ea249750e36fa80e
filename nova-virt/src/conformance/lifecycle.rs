//! Guests come to be, are found, and go.

use super::Harness;
use super::harness::{assert_power_state, destroyed, listed};
use crate::PowerState;
use crate::error::Error;
use crate::guest::GuestId;
use crate::hypervisor::{
    DestroyOptions, Hypervisor, HypervisorExt, PowerOff, Reboot, SpawnOptions,
};

/// The host has processors, memory and disk space, and says what it is.
pub async fn inventory_is_sane(driver: &dyn Hypervisor, _: &Harness) {
    let inventory = driver.inventory().await.unwrap();
    assert!(inventory.vcpus > 0);
    assert!(!inventory.memory.is_zero());
    assert!(!inventory.disk.is_zero());
    assert!(!inventory.hypervisor.kind.is_empty());
    assert!(!inventory.hypervisor.architecture.is_empty());
    assert!(!driver.driver().is_empty());
}

/// A spawned guest runs; inspection and the list tell the same of it as the spawn did.
pub async fn spawned_guest_runs_and_is_listed(driver: &dyn Hypervisor, harness: &Harness) {
    let spec = harness.spec();
    let guest = driver.spawn(&spec, &SpawnOptions::default()).await.unwrap();
    assert_eq!((guest.id, &guest.name), (spec.id, &spec.name));
    assert_eq!(guest.power_state, PowerState::Running);
    assert_eq!(driver.inspect(spec.id).await.unwrap(), guest);
    assert_eq!(listed(driver, spec.id).await, Some(guest));
    destroyed(driver, spec.id).await;
}

/// A spawn of an equal specification returns the guest as it is, also when it was powered off.
pub async fn spawn_is_idempotent(driver: &dyn Hypervisor, harness: &Harness) {
    let spec = harness.spawned(driver).await;
    let again = driver.spawn(&spec, &SpawnOptions::default()).await.unwrap();
    assert_eq!(again.power_state, PowerState::Running);
    driver.power_off(spec.id, PowerOff::Hard).await.unwrap();
    let again = driver.spawn(&spec, &SpawnOptions::default()).await.unwrap();
    assert_eq!(again.power_state, PowerState::Shutdown);
    let listed = driver.list().await.unwrap();
    assert_eq!(listed.iter().filter(|guest| guest.id == spec.id).count(), 1);
    destroyed(driver, spec.id).await;
}

/// A spawn of another specification with the same id is refused and changes nothing.
pub async fn spawn_of_another_guest_with_the_same_id_is_refused(
    driver: &dyn Hypervisor,
    harness: &Harness,
) {
    let spec = harness.spawned(driver).await;
    let mut other = spec.clone();
    other.name = "another".to_owned();
    let result = driver.spawn(&other, &SpawnOptions::default()).await;
    assert!(
        matches!(result, Err(Error::AlreadyExists { guest }) if guest == spec.id),
        "{result:?}"
    );
    let guest = driver.inspect(spec.id).await.unwrap();
    assert_eq!(
        (guest.name, guest.power_state),
        (spec.name, PowerState::Running)
    );
    destroyed(driver, spec.id).await;
}

/// A guest that is not to be started is made and is off, and can be started later.
pub async fn spawn_without_start_leaves_it_off(driver: &dyn Hypervisor, harness: &Harness) {
    let spec = harness.spec();
    let guest = driver
        .spawn(&spec, &SpawnOptions::default().with_start(false))
        .await
        .unwrap();
    assert_eq!(guest.power_state, PowerState::Shutdown);
    assert_power_state(driver, spec.id, PowerState::Shutdown).await;
    driver.power_on(spec.id).await.unwrap();
    assert_power_state(driver, spec.id, PowerState::Running).await;
    harness.wait_for_banners(driver, spec.id, 1).await;
    destroyed(driver, spec.id).await;
}

/// A destroyed guest is not found; destroying it again, or one that never was, succeeds.
pub async fn destroy_leaves_nothing_and_is_idempotent(driver: &dyn Hypervisor, harness: &Harness) {
    let spec = harness.spawned(driver).await;
    destroyed(driver, spec.id).await;
    destroyed(driver, spec.id).await;
    let result = driver.inspect(spec.id).await;
    assert!(
        matches!(result, Err(Error::NotFound { guest }) if guest == spec.id),
        "{result:?}"
    );
    destroyed(driver, harness.spec().id).await;
}

/// Whatever a guest is doing, it can be destroyed.
pub async fn destroy_ends_a_guest_in_any_state(driver: &dyn Hypervisor, harness: &Harness) {
    let off = harness.spawned(driver).await;
    driver.power_off(off.id, PowerOff::Hard).await.unwrap();
    destroyed(driver, off.id).await;

    let never_started = harness.spec();
    let options = SpawnOptions::default().with_start(false);
    driver.spawn(&never_started, &options).await.unwrap();
    destroyed(driver, never_started.id).await;

    if driver.capabilities().pause {
        let paused = harness.spawned(driver).await;
        driver.pause_guest(paused.id).await.unwrap();
        destroyed(driver, paused.id).await;
    }
}

/// The id of a destroyed guest is free for another one, which has nothing of the first.
pub async fn destroyed_id_can_be_spawned_anew(driver: &dyn Hypervisor, harness: &Harness) {
    let mut spec = harness.booted(driver).await;
    destroyed(driver, spec.id).await;
    spec.name = "the next one".to_owned();
    let guest = driver.spawn(&spec, &SpawnOptions::default()).await.unwrap();
    assert_eq!(
        (guest.name, guest.power_state),
        (spec.name, PowerState::Running)
    );
    // Its console is a new one: one banner, not two.
    harness.wait_for_banners(driver, spec.id, 1).await;
    destroyed(driver, spec.id).await;
}

/// The list is in the order of the ids.
pub async fn list_is_ordered_by_id(driver: &dyn Hypervisor, harness: &Harness) {
    let mut specs: Vec<_> = (0..3).map(|_| harness.spec()).collect();
    specs.reverse();
    for spec in &specs {
        driver
            .spawn(spec, &SpawnOptions::default().with_start(false))
            .await
            .unwrap();
    }
    let ids: Vec<GuestId> = driver
        .list()
        .await
        .unwrap()
        .iter()
        .map(|guest| guest.id)
        .collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert!(specs.iter().all(|spec| ids.contains(&spec.id)));
    for spec in specs {
        destroyed(driver, spec.id).await;
    }
}

/// Every operation on a guest that is not there says so, except for its destruction.
pub async fn unknown_guest_is_not_found(driver: &dyn Hypervisor, harness: &Harness) {
    let id = harness.spec().id;
    let mut results = vec![
        driver.inspect(id).await.map(|_| ()),
        driver.power_on(id).await,
        driver.power_off(id, PowerOff::Hard).await,
        driver
            .power_off(id, PowerOff::Graceful(harness.patience))
            .await,
        driver.reboot(id, Reboot::Hard).await,
        driver.reboot(id, Reboot::Soft(harness.patience)).await,
    ];
    if driver.capabilities().pause {
        results.push(driver.pause_guest(id).await);
        results.push(driver.unpause_guest(id).await);
    }
    if driver.capabilities().console_log {
        results.push(driver.read_console(id, 10).await.map(|_| ()));
    }
    for (index, result) in results.into_iter().enumerate() {
        assert!(
            matches!(result, Err(Error::NotFound { guest }) if guest == id),
            "operation {index}: {result:?}"
        );
    }
    driver
        .destroy(id, &DestroyOptions::default())
        .await
        .unwrap();
}
