//! The tests.

use std::time::Duration;

use nova_sdk::prelude::*;
use nova_sdk::virt::guests::SERIAL_UP;

use crate::control_plane::{ControlPlane, world};
use crate::support::PATIENCE;

/// Boots, stops and starts a server; kills the control plane; finds the server again, as it was,
/// and reboots and deletes it. The guest's own words are looked at each time.
pub async fn a_guest_survives_the_control_plane() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = ControlPlane::start(directory.path()).await;
    let id = process.ask("create web-1").await;
    assert_eq!(process.ask(&format!("settle {id}")).await, "active");
    assert_eq!(process.ask(&format!("stop {id}")).await, "ok");
    assert_eq!(process.ask(&format!("settle {id}")).await, "stopped");
    assert_eq!(process.ask(&format!("start {id}")).await, "ok");
    assert_eq!(process.ask(&format!("settle {id}")).await, "active");
    process.kill().await;

    let world = world(directory.path()).await;
    let id: ServerId = id.parse().unwrap();
    let server = world.settled(id).await;
    assert_eq!(
        (server.vm_state, server.power_state),
        (VmState::Active, PowerState::Running)
    );
    // Found, not started anew: it has booted twice and no more.
    let mut boots = 2;
    world.until_console_has(id, SERIAL_UP, boots).await;

    world
        .api()
        .server_reboot_soft(&world.user, id)
        .await
        .unwrap();
    assert_eq!(world.settled(id).await.vm_state, VmState::Active);
    boots += 1;
    world.until_console_has(id, SERIAL_UP, boots).await;
    world
        .api()
        .server_reboot_hard(&world.user, id)
        .await
        .unwrap();
    assert_eq!(world.settled(id).await.vm_state, VmState::Active);
    boots += 1;
    world.until_console_has(id, SERIAL_UP, boots).await;

    world.delete(id).await;
    world.assert_empty().await;
    world.cloud.stop().await.unwrap();
}

/// Kills the control plane while it works on several servers, starts it again, and looks whether
/// every server came to an end: active with a running guest, stopped, or gone.
pub async fn a_control_plane_killed_at_any_moment_leaves_nothing_half_made() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..6 {
        let mut process = ControlPlane::start(directory.path()).await;
        let mut ids = Vec::new();
        for index in 0..4 {
            ids.push(process.ask(&format!("create web-{round}-{index}")).await);
        }
        if round % 2 == 1 {
            assert_eq!(process.ask(&format!("settle {}", ids[0])).await, "active");
            assert_eq!(process.ask(&format!("stop {}", ids[0])).await, "ok");
            assert_eq!(process.ask(&format!("settle {}", ids[1])).await, "active");
            assert_eq!(process.ask(&format!("delete {}", ids[1])).await, "ok");
        }
        tokio::time::sleep(Duration::from_millis(40 * round)).await;
        process.kill().await;

        let world = world(directory.path()).await;
        for id in &ids {
            let id: ServerId = id.parse().unwrap();
            match world
                .api()
                .wait_until_settled(&world.user, id, PATIENCE)
                .await
            {
                Ok(server) => {
                    let power = match server.vm_state {
                        VmState::Active => PowerState::Running,
                        VmState::Stopped => PowerState::Shutdown,
                        other => panic!("{id} is {other}: {:?}", world.faults(id).await),
                    };
                    assert_eq!(server.power_state, power);
                    world.delete(id).await;
                }
                Err(error) => assert!(error.is_not_found(), "{error}"),
            }
        }
        world.assert_empty().await;
        world.cloud.stop().await.unwrap();
    }
}
