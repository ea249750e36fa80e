//! The mock beyond what every driver does: faults, behaviours, journal, host death.

use std::time::Duration;

use nova_core::Env;
use nova_core::units::{Bytes, Gibibytes, Mebibytes};
use nova_virt::image::{ImageError, ImageSource, MemoryImages};
use nova_virt::mock::{Fault, GuestBehaviour, MockHypervisor, Operation, Outcome};
use nova_virt::{
    BaseImage, DestroyOptions, DiskFormat, DiskSpec, Error, EventKind, GuestId, Hypervisor,
    HypervisorExt, PowerOff, PowerState, Reboot, SpawnOptions, VmSpec,
};
use tokio::time::Instant;

fn spec(number: u128) -> VmSpec {
    VmSpec {
        id: GuestId::from_uuid(uuid::Uuid::from_u128(number)),
        name: format!("guest-{number}"),
        vcpus: 2,
        memory: Mebibytes::new(512),
        disks: vec![DiskSpec {
            size: Bytes::new(1 << 30),
            base: None,
        }],
        nics: vec![],
    }
}

async fn spawn(mock: &MockHypervisor, number: u128) -> Result<GuestId, Error> {
    let spec = spec(number);
    mock.spawn(&spec, &SpawnOptions::default())
        .await
        .map(|guest| guest.id)
}

#[tokio::test(start_paused = true)]
async fn latency_is_virtual_and_exact() {
    let mock = MockHypervisor::builder("h")
        .latency(Operation::Spawn, Duration::from_secs(3601))
        .build();
    let before = Instant::now();
    spawn(&mock, 1).await.unwrap();
    assert_eq!(before.elapsed(), Duration::from_secs(3601));
    mock.list().await.unwrap();
    assert_eq!(before.elapsed(), Duration::from_secs(3601));
}

#[tokio::test(start_paused = true)]
async fn guests_are_worked_on_side_by_side_and_one_guest_one_by_one() {
    let mock = MockHypervisor::builder("h")
        .latency_by(|_| Duration::from_secs(10))
        .build();
    let before = Instant::now();
    let (a, b) = tokio::join!(spawn(&mock, 1), spawn(&mock, 2));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(before.elapsed(), Duration::from_secs(10));
    let id = spec(1).id;
    let (a, b) = tokio::join!(mock.reboot(id, Reboot::Hard), mock.reboot(id, Reboot::Hard));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(before.elapsed(), Duration::from_secs(30));
}

#[tokio::test]
async fn the_nth_call_fails_and_the_others_do_not() {
    let mock = MockHypervisor::new("h");
    mock.fail_nth(Operation::Spawn, 3);
    for number in 1..=5 {
        let result = spawn(&mock, number).await;
        assert_eq!(result.is_err(), number == 3, "{result:?}");
    }
    assert_eq!(mock.list().await.unwrap().len(), 4);
    assert_eq!(mock.check(), []);
}

#[tokio::test(start_paused = true)]
async fn faults_are_of_the_kind_that_was_asked_for() {
    let mock = MockHypervisor::new("h");
    let fault = || Fault::on(Operation::Spawn);
    mock.inject(fault());
    mock.inject(fault().permanent());
    mock.inject(fault().times_out(Duration::from_secs(60)));
    let error = spawn(&mock, 1).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Backend {
                transient: true,
                ..
            }
        ),
        "{error:?}"
    );
    let error = spawn(&mock, 1).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Backend {
                transient: false,
                ..
            }
        ),
        "{error:?}"
    );
    let before = Instant::now();
    let error = spawn(&mock, 1).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { after, .. } if after == before.elapsed()));
    assert!(spawn(&mock, 1).await.is_ok());
}

#[tokio::test]
async fn faults_can_be_about_one_guest_or_one_kind_of_guest() {
    let mock = MockHypervisor::new("h");
    mock.inject(Fault::on(Operation::Spawn).guest(spec(2).id).always());
    mock.inject(
        Fault::on(Operation::Spawn)
            .when(|spec| spec.name == "guest-3")
            .always(),
    );
    for number in [1, 2, 3, 4, 2, 3] {
        let result = spawn(&mock, number).await;
        assert_eq!(
            result.is_err(),
            matches!(number, 2 | 3),
            "{number}: {result:?}"
        );
    }
    mock.clear_faults();
    assert!(spawn(&mock, 2).await.is_ok());
}

#[tokio::test]
async fn half_a_spawn_is_undone_when_it_fails() {
    let mock = MockHypervisor::new("h");
    mock.inject(Fault::on(Operation::Spawn).halfway());
    assert!(spawn(&mock, 1).await.is_err());
    assert_eq!(mock.check(), []);
    assert!(mock.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn half_a_spawn_is_undone_when_it_is_dropped() {
    let mock = MockHypervisor::new("h");
    mock.inject(Fault::on(Operation::Spawn).halfway().hangs());
    let mut spawning = Box::pin(spawn(&mock, 1));
    assert!(futures::poll!(&mut spawning).is_pending());
    drop(spawning);
    assert_eq!(mock.check(), []);
    assert!(mock.list().await.unwrap().is_empty());
    assert_eq!(mock.journal().calls()[0].outcome, Outcome::Dropped);
    assert!(spawn(&mock, 1).await.is_ok());
}

#[tokio::test]
async fn a_hanging_call_holds_up_its_guest_alone_until_it_is_released() {
    let mock = MockHypervisor::new("h");
    let id = spawn(&mock, 1).await.unwrap();
    mock.hang_next(Operation::PowerOff);
    let mut off = Box::pin(mock.power_off(id, PowerOff::Hard));
    assert!(futures::poll!(&mut off).is_pending());
    let mut on = Box::pin(mock.power_on(id));
    assert!(futures::poll!(&mut on).is_pending());
    spawn(&mock, 2).await.unwrap();
    assert_eq!(
        mock.inspect(id).await.unwrap().power_state,
        PowerState::Running
    );
    mock.release();
    off.await.unwrap();
    on.await.unwrap();
    assert_eq!(
        mock.inspect(id).await.unwrap().power_state,
        PowerState::Running
    );
}

#[tokio::test(start_paused = true)]
async fn stubborn_and_slow_guests_are_powered_off_when_their_time_is_over() {
    let mock = MockHypervisor::builder("h")
        .behaviour(GuestBehaviour::default().with_shutdown_taking(Duration::from_secs(5)))
        .build();
    let (slow, stubborn) = (
        spawn(&mock, 1).await.unwrap(),
        spawn(&mock, 2).await.unwrap(),
    );
    mock.set_behaviour(stubborn, GuestBehaviour::default().ignoring_power_button());
    let minute = PowerOff::Graceful(Duration::from_secs(60));

    let before = Instant::now();
    mock.power_off(slow, minute).await.unwrap();
    assert_eq!(before.elapsed(), Duration::from_secs(5));
    let log = mock.read_console(slow, 100).await.unwrap();
    assert_eq!(log, b"NOVA-GUEST-UP\r\nNOVA-GUEST-DOWN\r\n");

    let before = Instant::now();
    mock.power_off(stubborn, minute).await.unwrap();
    assert_eq!(before.elapsed(), Duration::from_secs(60));
    assert_eq!(
        mock.inspect(stubborn).await.unwrap().power_state,
        PowerState::Shutdown
    );
    assert_eq!(
        mock.read_console(stubborn, 100).await.unwrap(),
        b"NOVA-GUEST-UP\r\n"
    );
}

#[tokio::test]
async fn guests_stop_and_crash_by_themselves() {
    let mock = MockHypervisor::new("h");
    let id = spawn(&mock, 1).await.unwrap();
    let mut events = mock.events();
    assert!(mock.guest_stops_itself(id));
    assert!(!mock.guest_stops_itself(id), "it is off already");
    assert_eq!(
        mock.inspect(id).await.unwrap().power_state,
        PowerState::Shutdown
    );
    mock.power_on(id).await.unwrap();
    assert!(mock.guest_crashes(id));
    assert_eq!(
        mock.inspect(id).await.unwrap().power_state,
        PowerState::Crashed
    );
    mock.power_on(id).await.unwrap();
    assert!(!mock.guest_crashes(spec(9).id));
    for expected in [
        EventKind::StoppedByGuest,
        EventKind::Started,
        EventKind::Crashed,
        EventKind::Started,
    ] {
        assert_eq!(events.next().await.unwrap().unwrap().kind, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_host_fails_everything_and_forgets_nothing() {
    let mock = MockHypervisor::builder("h")
        .latency(Operation::Reboot, Duration::from_secs(60))
        .build();
    let (one, two) = (
        spawn(&mock, 1).await.unwrap(),
        spawn(&mock, 2).await.unwrap(),
    );
    mock.power_off(two, PowerOff::Hard).await.unwrap();
    mock.inject(Fault::on(Operation::Spawn).halfway().hangs());
    let (rebooting, spawning, ()) =
        tokio::join!(mock.reboot(one, Reboot::Hard), spawn(&mock, 3), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            mock.host_dies();
        });
    for error in [rebooting.unwrap_err(), spawning.unwrap_err()] {
        assert!(error.retryable(), "{error:?}");
    }
    assert!(mock.list().await.unwrap_err().retryable());
    assert!(mock.inventory().await.is_err());
    assert_eq!(mock.check(), []);

    mock.host_returns();
    let states: Vec<_> = mock
        .list()
        .await
        .unwrap()
        .iter()
        .map(|g| g.power_state)
        .collect();
    assert_eq!(states, [PowerState::Crashed, PowerState::Shutdown]);
    mock.power_on(one).await.unwrap();
}

#[tokio::test]
async fn a_new_role_over_the_same_handle_finds_its_guests() {
    let kept = MockHypervisor::new("h");
    let id = spawn(&kept.clone(), 1).await.unwrap();
    let after_restart = kept.clone();
    assert_eq!(
        after_restart.inspect(id).await.unwrap().power_state,
        PowerState::Running
    );
}

#[tokio::test]
async fn the_journal_tells_what_was_asked_and_how_it_ended() {
    let mock = MockHypervisor::new("h");
    let id = spawn(&mock, 1).await.unwrap();
    mock.inspect(id).await.unwrap();
    mock.fail_next(Operation::PowerOff);
    let _ = mock.power_off(id, PowerOff::Hard).await;
    let _ = mock.inspect(spec(7).id).await;
    mock.destroy(id, &DestroyOptions::default()).await.unwrap();
    let journal = mock.journal();
    assert_eq!(
        journal.of(id).changes().operations(),
        [Operation::Spawn, Operation::PowerOff, Operation::Destroy]
    );
    assert_eq!(journal.count(Operation::Inspect), 2);
    assert_eq!(
        journal.to_string(),
        "\
spawn 00000000-0000-0000-0000-000000000001: done
inspect 00000000-0000-0000-0000-000000000001: done
power_off 00000000-0000-0000-0000-000000000001: failed: the mock driver could not power off guest \
00000000-0000-0000-0000-000000000001
inspect 00000000-0000-0000-0000-000000000007: failed: there is no guest \
00000000-0000-0000-0000-000000000007 on this host
destroy 00000000-0000-0000-0000-000000000001: done
"
    );
    mock.clear_journal();
    assert_eq!(mock.journal().calls(), []);
}

#[tokio::test]
async fn the_journal_keeps_the_latest_calls() {
    let mock = MockHypervisor::builder("h").journal_limit(2).build();
    for number in 1..=4 {
        spawn(&mock, number).await.unwrap();
    }
    let numbers: Vec<_> = mock
        .journal()
        .calls()
        .iter()
        .map(|call| call.number)
        .collect();
    assert_eq!(numbers, [2, 3]);
    let none = MockHypervisor::builder("h").journal_limit(0).build();
    spawn(&none, 1).await.unwrap();
    assert_eq!(none.journal().calls(), []);
}

#[tokio::test]
async fn capacity_counts_only_where_it_should() {
    let small = || {
        MockHypervisor::builder("h")
            .vcpus(4)
            .memory(Mebibytes::new(4096))
    };
    let generous = small().build();
    let strict = small().strict_capacity().disk(Gibibytes::new(10)).build();
    for number in 1..=2 {
        spawn(&generous, number).await.unwrap();
        spawn(&strict, number).await.unwrap();
    }
    assert!(spawn(&generous, 3).await.is_ok());
    let error = spawn(&strict, 3).await.unwrap_err();
    assert!(!error.retryable() && !error.same_elsewhere(), "{error:?}");
    strict
        .destroy(spec(1).id, &DestroyOptions::default())
        .await
        .unwrap();
    assert!(spawn(&strict, 3).await.is_ok());
    assert_eq!(strict.check(), []);
}

#[tokio::test]
async fn inventory_is_what_was_built() {
    let mock = MockHypervisor::builder("h")
        .vcpus(3)
        .memory(Mebibytes::new(5))
        .disk(Gibibytes::new(7))
        .trait_("HW_CPU_X86_AVX2".parse().unwrap())
        .capability("rack", "a")
        .build();
    let inventory = mock.inventory().await.unwrap();
    assert_eq!(inventory.vcpus, 3);
    assert_eq!(
        (inventory.memory, inventory.disk),
        (Mebibytes::new(5), Gibibytes::new(7))
    );
    assert!(inventory.traits.contains("HW_CPU_X86_AVX2"));
    assert_eq!(inventory.capabilities["rack"], "a");
    assert_eq!(inventory.hypervisor.kind, "mock");
}

#[tokio::test]
async fn images_in_memory_need_no_file_and_are_measured() {
    let images = MemoryImages::new(&Env::system());
    let image = images
        .add("boot", DiskFormat::Raw, vec![0; 1 << 20])
        .unwrap();
    let base = images.prepare(image.id).await.unwrap();
    let mock = MockHypervisor::new("h");
    let on_disk_of = |size| {
        let mut spec = spec(1);
        spec.disks = vec![DiskSpec {
            size: Bytes::new(size),
            base: Some(base.clone()),
        }];
        spec
    };
    let error = mock
        .spawn(&on_disk_of(512), &SpawnOptions::default())
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Image(ImageError::TooLarge { .. })),
        "{error:?}"
    );
    assert!(
        mock.spawn(&on_disk_of(1 << 20), &SpawnOptions::default())
            .await
            .is_ok()
    );

    for path in [
        "memory:",
        "memory:x/1",
        &format!("memory:{}/x", image.id),
        "memory:../x/1",
    ] {
        let mut spec = spec(2);
        let base = BaseImage {
            path: path.into(),
            format: DiskFormat::Raw,
        };
        spec.disks[0].base = Some(base);
        let error = mock
            .spawn(&spec, &SpawnOptions::default())
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::Image(ImageError::Io(_))),
            "{path}: {error:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn thousands_of_hosts_are_cheap() {
    let fleet = MockHypervisor::fleet("rack", 5000, |_, host| {
        host.latency(Operation::Spawn, Duration::from_secs(30))
    });
    let before = Instant::now();
    let spawning = fleet
        .iter()
        .enumerate()
        .map(|(number, mock)| spawn(mock, number as u128));
    let results = futures::future::join_all(spawning).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(before.elapsed(), Duration::from_secs(30));
    assert_eq!(fleet[4999].name(), "rack-5000");
}
