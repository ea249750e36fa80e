//! Pausing, where the driver offers it.

use super::Harness;
use super::harness::{assert_power_state, destroyed};
use crate::PowerState;
use crate::error::Error;
use crate::hypervisor::{Hypervisor, HypervisorExt, PowerOff, Reboot};

/// A driver that claims to pause does, idempotently, and refuses where the guest's state does not
/// allow it; another refuses always, and nothing changes.
pub async fn pause_follows_capability(driver: &dyn Hypervisor, harness: &Harness) {
    let id = harness.booted(driver).await.id;
    if !driver.capabilities().pause {
        for result in [driver.pause_guest(id).await, driver.unpause_guest(id).await] {
            assert!(
                matches!(result, Err(Error::Unsupported { .. })),
                "{result:?}"
            );
        }
        assert_power_state(driver, id, PowerState::Running).await;
        return destroyed(driver, id).await;
    }
    for _ in 0..2 {
        driver.pause_guest(id).await.unwrap();
        assert_power_state(driver, id, PowerState::Paused).await;
    }
    let results = [
        driver.power_on(id).await,
        driver.reboot(id, Reboot::Soft(harness.patience)).await,
    ];
    for result in results {
        assert!(
            matches!(
                result,
                Err(Error::WrongState {
                    power_state: PowerState::Paused,
                    ..
                })
            ),
            "{result:?}"
        );
    }
    for _ in 0..2 {
        driver.unpause_guest(id).await.unwrap();
        assert_power_state(driver, id, PowerState::Running).await;
    }
    driver.power_off(id, PowerOff::Hard).await.unwrap();
    for result in [driver.pause_guest(id).await, driver.unpause_guest(id).await] {
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
    }
    destroyed(driver, id).await;
}

/// A paused guest can be powered off and rebooted the hard way.
pub async fn power_off_and_reboot_end_a_pause(driver: &dyn Hypervisor, harness: &Harness) {
    if !driver.capabilities().pause {
        return;
    }
    let id = harness.booted(driver).await.id;
    driver.pause_guest(id).await.unwrap();
    driver.reboot(id, Reboot::Hard).await.unwrap();
    assert_power_state(driver, id, PowerState::Running).await;
    harness.wait_for_banners(driver, id, 2).await;
    driver.pause_guest(id).await.unwrap();
    driver.power_off(id, PowerOff::Hard).await.unwrap();
    assert_power_state(driver, id, PowerState::Shutdown).await;
    destroyed(driver, id).await;
}
