//! Console logs, where the driver offers them.

use super::Harness;
use super::harness::{destroyed, occurrences};
use crate::error::Error;
use crate::hypervisor::{Hypervisor, HypervisorExt, PowerOff};

/// A driver without console logs says so.
pub async fn console_log_follows_capability(driver: &dyn Hypervisor, harness: &Harness) {
    let id = harness.spawned(driver).await.id;
    let result = driver.read_console(id, 100).await;
    if driver.capabilities().console_log {
        assert!(result.is_ok(), "{result:?}");
    } else {
        assert!(
            matches!(result, Err(Error::Unsupported { .. })),
            "{result:?}"
        );
    }
    destroyed(driver, id).await;
}

/// What the guest wrote stays over power-off and power-on, until it is destroyed.
pub async fn console_log_has_what_the_guest_wrote(driver: &dyn Hypervisor, harness: &Harness) {
    let (Some(console), Some(log)) = (&harness.console, driver.console_log()) else {
        return;
    };
    let id = harness.booted(driver).await.id;
    driver.power_off(id, PowerOff::Hard).await.unwrap();
    let text = log.console_log(id, usize::MAX).await.unwrap();
    assert_eq!(
        occurrences(&text, &console.banner),
        1,
        "a guest that is off has a log"
    );
    driver.power_on(id).await.unwrap();
    harness.wait_for_banners(driver, id, 2).await;
    destroyed(driver, id).await;
}

/// No more is returned than was asked for, and it is the end of the log.
pub async fn console_log_is_bounded(driver: &dyn Hypervisor, harness: &Harness) {
    let Some(log) = driver.console_log() else {
        return;
    };
    let id = harness.booted(driver).await.id;
    driver.power_off(id, PowerOff::Hard).await.unwrap();
    let whole = log.console_log(id, usize::MAX).await.unwrap();
    for max_bytes in [0, 1, 5, whole.len(), whole.len() + 1] {
        let end = log.console_log(id, max_bytes).await.unwrap();
        assert_eq!(end.len(), max_bytes.min(whole.len()));
        assert!(
            whole.ends_with(&end),
            "the last {max_bytes} bytes are not the end of the log"
        );
    }
    destroyed(driver, id).await;
}
