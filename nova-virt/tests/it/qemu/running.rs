//! What guests do, and what is told of it.

use nova_virt::{PowerOff, guests};

use super::*;

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_guest_says_its_line_soon_after_the_spawn() {
    let place = Place::new();
    let driver = place.open().await;
    let spec = place.spec();
    let begin = tokio::time::Instant::now();
    spawned(&driver, &spec).await;
    let spawned = begin.elapsed();
    says(&driver, spec.id, guests::SERIAL_UP, 1).await;
    let said = begin.elapsed();
    let memory =
        std::fs::read_to_string(format!("/proc/{}/smaps_rollup", pid_of(spec.id))).unwrap();
    let lines = memory
        .lines()
        .filter(|line| line.starts_with("Rss") || line.starts_with("Pss:"));
    println!(
        "spawned after {spawned:?}, first line after {said:?}, {:?}",
        lines.collect::<Vec<_>>()
    );
    destroyed(&driver, spec.id).await;
    assert!(place.leftovers().is_empty());
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_guest_that_powers_itself_off_is_told_apart() {
    // mov dx, 0x604; mov ax, 0x2000; out dx, ax; hlt; jmp back to the hlt
    let off = [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd];
    let place = Place::new();
    let driver = place.open().await;
    let mut events = driver.events();
    let spec = place.spec_on(place.image("off.img", &off));
    spawned(&driver, &spec).await;
    for _ in 0..2 {
        assert_eq!(next_event(&mut events, spec.id).await, EventKind::Started);
        assert_eq!(
            next_event(&mut events, spec.id).await,
            EventKind::StoppedByGuest
        );
        assert_eq!(state(&driver, spec.id).await, PowerState::Shutdown);
        driver.power_on(spec.id).await.unwrap();
    }
    destroyed(&driver, spec.id).await;
    assert!(place.leftovers().is_empty());
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_guest_that_resets_itself_goes_on() {
    // mov al, 0xfe; out 0x64, al; hlt; jmp back to the hlt
    let reset = [0xb0, 0xfe, 0xe6, 0x64, 0xf4, 0xeb, 0xfd];
    let place = Place::new();
    let driver = place.open().await;
    let mut events = driver.events();
    let spec = place.spec_on(place.image("reset.img", &reset));
    spawned(&driver, &spec).await;
    assert_eq!(next_event(&mut events, spec.id).await, EventKind::Started);
    assert_eq!(next_event(&mut events, spec.id).await, EventKind::Reset);
    assert_eq!(state(&driver, spec.id).await, PowerState::Running);
    driver.power_off(spec.id, PowerOff::Hard).await.unwrap();
    destroyed(&driver, spec.id).await;
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_process_that_dies_is_a_crash_until_the_next_start() {
    let place = Place::new();
    let driver = place.open().await;
    let mut events = driver.events();
    let spec = place.spec();
    spawned(&driver, &spec).await;
    assert_eq!(next_event(&mut events, spec.id).await, EventKind::Started);
    signal(pid_of(spec.id), Signal::KILL);
    assert_eq!(next_event(&mut events, spec.id).await, EventKind::Crashed);
    assert_eq!(state(&driver, spec.id).await, PowerState::Crashed);
    // It is off, and stays what it is.
    driver.power_off(spec.id, PowerOff::Hard).await.unwrap();
    assert_eq!(state(&driver, spec.id).await, PowerState::Crashed);

    drop(driver);
    let driver = place.open().await;
    assert_eq!(state(&driver, spec.id).await, PowerState::Crashed);
    driver.power_on(spec.id).await.unwrap();
    assert_eq!(state(&driver, spec.id).await, PowerState::Running);
    destroyed(&driver, spec.id).await;
    assert!(place.leftovers().is_empty());
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_process_that_the_host_ends_in_order_is_no_crash() {
    let place = Place::new();
    let driver = place.open().await;
    let mut events = driver.events();
    let spec = place.spec();
    spawned(&driver, &spec).await;
    assert_eq!(next_event(&mut events, spec.id).await, EventKind::Started);
    signal(pid_of(spec.id), Signal::TERM);
    assert_eq!(next_event(&mut events, spec.id).await, EventKind::Stopped);
    assert_eq!(state(&driver, spec.id).await, PowerState::Shutdown);
    destroyed(&driver, spec.id).await;
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_guest_that_does_not_answer_is_powered_off_all_the_same() {
    let place = Place::new();
    let driver = place.open().await;
    // It halts, deaf to the power button.
    let spec = place.spec_on(place.image("deaf.img", &[0xfa, 0xf4, 0xeb, 0xfd]));
    spawned(&driver, &spec).await;
    let patience = Duration::from_millis(300);
    driver
        .power_off(spec.id, PowerOff::Graceful(patience))
        .await
        .unwrap();
    assert_eq!(state(&driver, spec.id).await, PowerState::Shutdown);

    // A qemu that does not answer either is killed.
    driver.power_on(spec.id).await.unwrap();
    signal(pid_of(spec.id), Signal::STOP);
    driver
        .power_off(spec.id, PowerOff::Graceful(patience))
        .await
        .unwrap();
    assert_eq!(state(&driver, spec.id).await, PowerState::Shutdown);
    destroyed(&driver, spec.id).await;
    assert!(place.leftovers().is_empty());
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn a_paused_guest_is_let_go_on_to_shut_down() {
    let place = Place::new();
    let driver = place.open().await;
    let spec = place.spec();
    spawned(&driver, &spec).await;
    says(&driver, spec.id, guests::SERIAL_UP, 1).await;
    driver.pause_guest(spec.id).await.unwrap();
    driver
        .power_off(spec.id, PowerOff::Graceful(PATIENCE))
        .await
        .unwrap();
    says(&driver, spec.id, guests::SERIAL_DOWN, 1).await;
    destroyed(&driver, spec.id).await;
}

#[tokio::test]
#[ignore = "needs qemu-system-x86_64"]
async fn what_a_guest_writes_to_its_disk_stays_and_its_base_is_untouched() {
    // Reads sector 0 to 0x8000 (int 13h), says its byte 0x1f0, counts it up and writes it back.
    let count = [
        0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, // ax = ds = es = 0
        0xbb, 0x00, 0x80, 0xb9, 0x01, 0x00, 0x30, 0xf6, // bx = 0x8000, cx = 1, dh = 0
        0xb8, 0x01, 0x02, 0xcd, 0x13, // read one sector
        0xa0, 0xf0, 0x81, 0x04, 0x30, 0x52, // al = [0x81f0] + '0', push dx
        0xba, 0xf8, 0x03, 0xee, 0x5a, // out 0x3f8, al, pop dx
        0xfe, 0x06, 0xf0, 0x81, // inc byte [0x81f0]
        0xb8, 0x01, 0x03, 0xcd, 0x13, // write one sector
        0xba, 0xf8, 0x03, 0xb0, 0x2e, 0xee, // out 0x3f8, '.'
        0xf4, 0xeb, 0xfd,
    ];
    let place = Place::new();
    let driver = place.open().await;
    let base = place.image("count.img", &count);
    let before = std::fs::read(&base.path).unwrap();
    let spec = place.spec_on(base.clone());
    spawned(&driver, &spec).await;
    says(&driver, spec.id, "0.", 1).await;
    driver.power_off(spec.id, PowerOff::Hard).await.unwrap();
    driver.power_on(spec.id).await.unwrap();
    says(&driver, spec.id, "1.", 1).await;
    assert_eq!(std::fs::read(&base.path).unwrap(), before);
    destroyed(&driver, spec.id).await;
    assert_eq!(std::fs::read(&base.path).unwrap(), before);
}
