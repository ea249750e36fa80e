//! Events.

use super::Harness;
use super::harness::destroyed;
use crate::event::{EventKind, Events};
use crate::guest::GuestId;
use crate::hypervisor::{Hypervisor, HypervisorExt, PowerOff};

/// A guest's events come in the order of what happened to it.
///
/// Its end while it runs may be told as [`Stopped`](EventKind::Stopped) and
/// [`Destroyed`](EventKind::Destroyed), or as the latter alone.
pub async fn events_tell_what_happened_in_order(driver: &dyn Hypervisor, harness: &Harness) {
    let mut events = driver.events();
    let id = harness.spawned(driver).await.id;
    let mut expected = vec![EventKind::Started];
    if driver.capabilities().pause {
        driver.pause_guest(id).await.unwrap();
        driver.unpause_guest(id).await.unwrap();
        expected.extend([EventKind::Paused, EventKind::Resumed]);
    }
    driver.power_off(id, PowerOff::Hard).await.unwrap();
    driver.power_on(id).await.unwrap();
    expected.extend([EventKind::Stopped, EventKind::Started]);
    destroyed(driver, id).await;

    let mut told = collect(&mut events, harness, id, EventKind::Destroyed).await;
    assert_eq!(told.pop(), Some(EventKind::Destroyed));
    if told.len() > expected.len() {
        expected.push(EventKind::Stopped);
    }
    assert_eq!(told, expected);
}

/// A guest that shuts down because it was asked to is stopped, not stopped by itself.
pub async fn graceful_power_off_is_told_as_asked_for(driver: &dyn Hypervisor, harness: &Harness) {
    let mut events = driver.events();
    let id = harness.booted(driver).await.id;
    driver
        .power_off(id, PowerOff::Graceful(harness.patience))
        .await
        .unwrap();
    destroyed(driver, id).await;
    let told = collect(&mut events, harness, id, EventKind::Destroyed).await;
    assert_eq!(
        told,
        [EventKind::Started, EventKind::Stopped, EventKind::Destroyed]
    );
}

/// The guest's events up to and with the last one.
async fn collect(
    events: &mut Events,
    harness: &Harness,
    id: GuestId,
    last: EventKind,
) -> Vec<EventKind> {
    let mut told = Vec::new();
    let reading = async {
        while told.last() != Some(&last) {
            let event = events
                .next()
                .await
                .expect("the driver is there")
                .expect("none is missed");
            if event.guest == id {
                told.push(event.kind);
            }
        }
    };
    let in_time = tokio::time::timeout(harness.patience, reading).await;
    assert!(in_time.is_ok(), "after {told:?} no {last:?} came");
    told
}
