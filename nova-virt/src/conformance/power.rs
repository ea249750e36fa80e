//! Power on, power off, reboot.

use std::time::Duration;

use super::Harness;
use super::harness::{assert_power_state, destroyed, occurrences};
use crate::PowerState;
use crate::error::Error;
use crate::hypervisor::{Hypervisor, PowerOff, Reboot};

/// Powering off what is off and on what runs succeeds without effect.
pub async fn power_off_and_on_are_idempotent(driver: &dyn Hypervisor, harness: &Harness) {
    let id = harness.booted(driver).await.id;
    for _ in 0..2 {
        driver.power_on(id).await.unwrap();
        assert_power_state(driver, id, PowerState::Running).await;
    }
    harness.wait_for_banners(driver, id, 1).await;
    for _ in 0..2 {
        driver.power_off(id, PowerOff::Hard).await.unwrap();
        assert_power_state(driver, id, PowerState::Shutdown).await;
    }
    // Off already: nobody is waited for, and nobody can be asked.
    driver
        .power_off(id, PowerOff::Graceful(harness.patience))
        .await
        .unwrap();
    assert_power_state(driver, id, PowerState::Shutdown).await;
    for _ in 0..2 {
        driver.power_on(id).await.unwrap();
        assert_power_state(driver, id, PowerState::Running).await;
    }
    harness.wait_for_banners(driver, id, 2).await;
    destroyed(driver, id).await;
}

/// A guest that is asked to shut down and answers does so; without patience the plug is pulled.
pub async fn graceful_power_off_powers_off(driver: &dyn Hypervisor, harness: &Harness) {
    let id = harness.booted(driver).await.id;
    driver
        .power_off(id, PowerOff::Graceful(harness.patience))
        .await
        .unwrap();
    assert_power_state(driver, id, PowerState::Shutdown).await;
    if let (Some(console), Some(log)) = (&harness.console, driver.console_log()) {
        let text = log.console_log(id, usize::MAX).await.unwrap();
        assert_eq!(occurrences(&text, &console.farewell), 1, "it was not asked");
    }
    driver.power_on(id).await.unwrap();
    driver
        .power_off(id, PowerOff::Graceful(Duration::ZERO))
        .await
        .unwrap();
    assert_power_state(driver, id, PowerState::Shutdown).await;
    destroyed(driver, id).await;
}

/// A soft reboot starts the guest once more.
pub async fn soft_reboot_starts_it_again(driver: &dyn Hypervisor, harness: &Harness) {
    let id = harness.booted(driver).await.id;
    driver
        .reboot(id, Reboot::Soft(harness.patience))
        .await
        .unwrap();
    assert_power_state(driver, id, PowerState::Running).await;
    harness.wait_for_banners(driver, id, 2).await;
    if let (Some(console), Some(log)) = (&harness.console, driver.console_log()) {
        let text = log.console_log(id, usize::MAX).await.unwrap();
        assert_eq!(occurrences(&text, &console.farewell), 1, "it was not asked");
    }
    // One that is not given any time is restarted all the same.
    driver
        .reboot(id, Reboot::Soft(Duration::ZERO))
        .await
        .unwrap();
    assert_power_state(driver, id, PowerState::Running).await;
    harness.wait_for_banners(driver, id, 3).await;
    destroyed(driver, id).await;
}

/// A guest that does not run cannot be asked to reboot.
pub async fn soft_reboot_needs_a_running_guest(driver: &dyn Hypervisor, harness: &Harness) {
    let id = harness.spawned(driver).await.id;
    driver.power_off(id, PowerOff::Hard).await.unwrap();
    let result = driver.reboot(id, Reboot::Soft(harness.patience)).await;
    assert!(
        matches!(
            result,
            Err(Error::WrongState {
                power_state: PowerState::Shutdown,
                ..
            })
        ),
        "{result:?}"
    );
    assert_power_state(driver, id, PowerState::Shutdown).await;
    destroyed(driver, id).await;
}

/// A hard reboot starts a guest that runs and one that is off.
pub async fn hard_reboot_works_from_any_state(driver: &dyn Hypervisor, harness: &Harness) {
    let id = harness.booted(driver).await.id;
    driver.reboot(id, Reboot::Hard).await.unwrap();
    assert_power_state(driver, id, PowerState::Running).await;
    harness.wait_for_banners(driver, id, 2).await;
    driver.power_off(id, PowerOff::Hard).await.unwrap();
    driver.reboot(id, Reboot::Hard).await.unwrap();
    assert_power_state(driver, id, PowerState::Running).await;
    harness.wait_for_banners(driver, id, 3).await;
    destroyed(driver, id).await;
}
