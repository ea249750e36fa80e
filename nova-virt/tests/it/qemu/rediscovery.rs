//! What a driver finds of what another left.

use nova_virt::{PowerOff, guests};

use super::*;

/// Opens a second driver once the first is gone.
async fn reopened(place: &Place, driver: QemuHypervisor) -> QemuHypervisor {
    drop(driver);
    place.open().await
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn guests_are_found_again_as_they_are() {
    let place = Place::new();
    let driver = place.open().await;
    let (running, paused, off) = (place.spec(), place.spec(), place.spec());
    for spec in [&running, &paused, &off] {
        spawned(&driver, spec).await;
        says(&driver, spec.id, guests::SERIAL_UP, 1).await;
    }
    driver.pause_guest(paused.id).await.unwrap();
    driver.power_off(off.id, PowerOff::Hard).await.unwrap();
    let before = driver.list().await.unwrap();
    let pid = pid_of(running.id);

    let mut old_events = driver.events();
    let driver = reopened(&place, driver).await;
    while let Some(event) = old_events.next().await {
        event.unwrap();
    }
    assert_eq!(driver.list().await.unwrap(), before);
    assert_eq!(pid_of(running.id), pid);
    // The same specification is the same guest still, and another is not.
    assert_eq!(spawned(&driver, &running).await.name, running.name);

    let mut events = driver.events();
    driver.unpause_guest(paused.id).await.unwrap();
    assert_eq!(next_event(&mut events, paused.id).await, EventKind::Resumed);
    driver
        .power_off(running.id, PowerOff::Graceful(PATIENCE))
        .await
        .unwrap();
    assert_eq!(
        next_event(&mut events, running.id).await,
        EventKind::Stopped
    );
    says(&driver, running.id, guests::SERIAL_DOWN, 1).await;
    driver.power_on(off.id).await.unwrap();
    says(&driver, off.id, guests::SERIAL_UP, 2).await;
    for spec in [running, paused, off] {
        destroyed(&driver, spec.id).await;
    }
    assert!(place.leftovers().is_empty());
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn what_happened_while_nobody_watched_is_found_out() {
    let place = Place::new();
    let driver = place.open().await;
    let (killed, down) = (place.spec(), place.spec());
    for spec in [&killed, &down] {
        spawned(&driver, spec).await;
        says(&driver, spec.id, guests::SERIAL_UP, 1).await;
    }
    drop(driver);
    signal(pid_of(killed.id), Signal::KILL);
    let directory = place.root().join(down.id.to_string());
    let log = directory.join("serial.log");
    // Away from the runtime, which has the old driver's connection to close.
    tokio::task::spawn_blocking(move || press_power_button(&directory))
        .await
        .unwrap();
    let going_down = async {
        while !std::fs::read_to_string(&log)
            .unwrap()
            .contains(guests::SERIAL_DOWN)
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, going_down).await.unwrap();

    let driver = place.open().await;
    assert_eq!(state(&driver, killed.id).await, PowerState::Crashed);
    becomes(&driver, down.id, PowerState::Shutdown).await;
    for spec in [killed, down] {
        driver.power_on(spec.id).await.unwrap();
        says(&driver, spec.id, guests::SERIAL_UP, 2).await;
        destroyed(&driver, spec.id).await;
    }
    assert!(place.leftovers().is_empty());
}

/// Speaks with a guest's monitor while no driver does.
fn press_power_button(directory: &Path) {
    use std::io::{BufRead, BufReader, Write};
    let directory = std::fs::File::open(directory).unwrap();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&directory);
    let mut stream =
        std::os::unix::net::UnixStream::connect(format!("/proc/self/fd/{fd}/qmp.sock")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    lines.next().unwrap().unwrap();
    for command in ["qmp_capabilities", "system_powerdown"] {
        writeln!(stream, "{{\"execute\": \"{command}\"}}").unwrap();
        while !lines.next().unwrap().unwrap().contains("return") {}
    }
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn what_was_not_finished_is_undone() {
    let place = Place::new();
    for prefix in [".new-", ".deleting-"] {
        let driver = place.open().await;
        let spec = place.spec();
        spawned(&driver, &spec).await;
        drop(driver);
        let name = spec.id.to_string();
        std::fs::rename(
            place.root().join(&name),
            place.root().join(format!("{prefix}{name}")),
        )
        .unwrap();
        assert_eq!(place.leftovers().len(), 2);

        let driver = place.open().await;
        assert_eq!(driver.list().await.unwrap(), []);
        assert!(place.leftovers().is_empty());
        spawned(&driver, &spec).await;
        destroyed(&driver, spec.id).await;
    }
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_power_off_that_was_cut_short_is_finished() {
    let place = Place::new();
    let driver = place.open().await;
    let spec = place.spec();
    spawned(&driver, &spec).await;
    drop(driver);
    let record = place.root().join(spec.id.to_string()).join("state.json");
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, text.replace("running", "off")).unwrap();

    let driver = place.open().await;
    assert_eq!(state(&driver, spec.id).await, PowerState::Shutdown);
    assert_eq!(place.leftovers(), [spec.id.to_string()]);
    destroyed(&driver, spec.id).await;
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_monitor_that_does_not_answer_keeps_nobody_waiting() {
    let place = Place::new();
    let driver = place.open().await;
    let (back, gone) = (place.spec(), place.spec());
    for spec in [&back, &gone] {
        spawned(&driver, spec).await;
        signal(pid_of(spec.id), Signal::STOP);
    }
    let driver = reopened(&place, driver).await;
    for spec in [&back, &gone] {
        assert_eq!(state(&driver, spec.id).await, PowerState::NoState);
    }
    signal(pid_of(back.id), Signal::CONT);
    becomes(&driver, back.id, PowerState::Running).await;
    driver
        .power_off(back.id, PowerOff::Graceful(PATIENCE))
        .await
        .unwrap();
    driver.power_off(gone.id, PowerOff::Hard).await.unwrap();
    for spec in [&back, &gone] {
        assert_eq!(state(&driver, spec.id).await, PowerState::Shutdown);
        destroyed(&driver, spec.id).await;
    }
    assert!(place.leftovers().is_empty());
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_guest_that_cannot_be_read_is_left_alone_until_it_is_destroyed() {
    let place = Place::new();
    let driver = place.open().await;
    let (damaged, whole) = (place.spec(), place.spec());
    spawned(&driver, &damaged).await;
    spawned(&driver, &whole).await;
    drop(driver);
    std::fs::write(
        place.root().join(damaged.id.to_string()).join("spec.json"),
        "{",
    )
    .unwrap();

    let driver = place.open().await;
    let listed: Vec<_> = driver
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|guest| guest.id)
        .collect();
    assert_eq!(listed, [whole.id]);
    let pid = pid_of(damaged.id);
    let error = driver
        .spawn(&damaged, &SpawnOptions::default())
        .await
        .unwrap_err();
    assert!(!error.retryable(), "{error:?}");
    assert_eq!(pid_of(damaged.id), pid);
    for spec in [damaged, whole] {
        destroyed(&driver, spec.id).await;
    }
    assert!(place.leftovers().is_empty());
}
