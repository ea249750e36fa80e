//! Many at once, and calls that are given up.

use futures::future::join_all;

use super::Harness;
use super::harness::{assert_power_state, destroyed, listed};
use crate::PowerState;
use crate::error::Error;
use crate::hypervisor::{DestroyOptions, Hypervisor, PowerOff, Reboot, SpawnOptions};

/// Guests do not disturb one another.
pub async fn many_guests_side_by_side(driver: &dyn Hypervisor, harness: &Harness) {
    let lives = (0..harness.guests).map(|_| async {
        let id = harness.booted(driver).await.id;
        driver.power_off(id, PowerOff::Hard).await.unwrap();
        driver.power_on(id).await.unwrap();
        harness.wait_for_banners(driver, id, 2).await;
        assert_power_state(driver, id, PowerState::Running).await;
        destroyed(driver, id).await;
    });
    join_all(lives).await;
}

/// Two spawns of the same specification at once make one guest, and both succeed.
pub async fn two_spawns_of_one_guest_make_one(driver: &dyn Hypervisor, harness: &Harness) {
    let spec = harness.spec();
    let options = SpawnOptions::default();
    let both = join_all([driver.spawn(&spec, &options), driver.spawn(&spec, &options)]).await;
    for result in both {
        assert_eq!(result.unwrap().power_state, PowerState::Running);
    }
    harness.wait_for_banners(driver, spec.id, 1).await;
    let guests = driver.list().await.unwrap();
    assert_eq!(guests.iter().filter(|guest| guest.id == spec.id).count(), 1);
    destroyed(driver, spec.id).await;
}

/// Two spawns of different specifications with one id at once: one succeeds, one is refused.
pub async fn two_guests_with_one_id_make_one(driver: &dyn Hypervisor, harness: &Harness) {
    let one = harness.spec();
    let mut other = one.clone();
    other.name = "the other".to_owned();
    let options = SpawnOptions::default();
    let both = join_all([driver.spawn(&one, &options), driver.spawn(&other, &options)]).await;
    let names: Vec<_> = both
        .iter()
        .flatten()
        .map(|guest| guest.name.clone())
        .collect();
    let refused = |result| matches!(result, &Err(Error::AlreadyExists { .. }));
    assert_eq!(
        both.iter().filter(|&result| refused(result)).count(),
        1,
        "{both:?}"
    );
    assert_eq!(names, [driver.inspect(one.id).await.unwrap().name]);
    destroyed(driver, one.id).await;
}

/// Operations on one guest at once all succeed, in some order, and leave it whole.
pub async fn operations_on_one_guest_come_one_after_another(
    driver: &dyn Hypervisor,
    harness: &Harness,
) {
    let id = harness.booted(driver).await.id;
    let results = join_all([
        driver.power_off(id, PowerOff::Hard),
        driver.power_on(id),
        driver.reboot(id, Reboot::Hard),
        driver.power_off(id, PowerOff::Hard),
        driver.power_on(id),
    ])
    .await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let state = driver.inspect(id).await.unwrap().power_state;
    assert!(
        matches!(state, PowerState::Running | PowerState::Shutdown),
        "{state:?}"
    );

    let options = DestroyOptions::default();
    let both = join_all([driver.destroy(id, &options), driver.destroy(id, &options)]).await;
    assert!(both.iter().all(Result::is_ok), "{both:?}");
    assert_eq!(listed(driver, id).await, None);
}

/// A spawn whose future is dropped is undone or goes on to its end; what is asked next waits for
/// that.
pub async fn dropped_spawn_leaves_nothing_half_made(driver: &dyn Hypervisor, harness: &Harness) {
    for &after in &harness.interruptions {
        // Asked for again: it comes to be, once.
        let spec = harness.spec();
        let options = SpawnOptions::default();
        let _ = tokio::time::timeout(after, driver.spawn(&spec, &options)).await;
        let guest = driver.spawn(&spec, &options).await.unwrap();
        assert_eq!(
            guest.power_state,
            PowerState::Running,
            "dropped after {after:?}"
        );
        harness.wait_for_banners(driver, spec.id, 1).await;
        destroyed(driver, spec.id).await;

        // Not wanted any more: it is gone and stays so.
        let spec = harness.spec();
        let _ = tokio::time::timeout(after, driver.spawn(&spec, &options)).await;
        destroyed(driver, spec.id).await;
        tokio::time::sleep(after).await;
        assert_eq!(
            listed(driver, spec.id).await,
            None,
            "dropped after {after:?}"
        );
        harness.assert_nothing_left("a dropped spawn");
    }
}

/// A destruction whose future is dropped can be repeated, and then nothing is left.
pub async fn dropped_destroy_can_be_repeated(driver: &dyn Hypervisor, harness: &Harness) {
    for &after in &harness.interruptions {
        let id = harness.spawned(driver).await.id;
        let _ = tokio::time::timeout(after, driver.destroy(id, &DestroyOptions::default())).await;
        destroyed(driver, id).await;
        harness.assert_nothing_left("a dropped destruction");
    }
}
