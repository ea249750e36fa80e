//! Builds that fail, hosts that fail, and what is left of it: nothing.

use std::sync::Arc;
use std::time::Duration;

use nova_sdk::calls::COMPUTE;
use nova_sdk::calls::compute::{RebootInstance, Shutdown};
use nova_sdk::compute::Compute;
use nova_sdk::core::id::HostName;
use nova_sdk::prelude::*;
use nova_sdk::rpc::{Client, IdempotencyKey, Target};
use nova_sdk::virt::BaseImage;
use nova_sdk::virt::image::ImageError;
use nova_sdk::virt::mock::{Fault, Operation};

use crate::support::flaky::FlakyStore;
use crate::support::{PATIENCE, Parts, flavor, mocks, shared};

/// How many spawns the mocks were asked for.
fn spawns(mocks: &[MockHypervisor]) -> usize {
    mocks
        .iter()
        .map(|mock| mock.journal().count(Operation::Spawn))
        .sum()
}

#[tokio::test(start_paused = true)]
async fn a_build_that_fails_goes_on_at_an_alternate() {
    let mocks = mocks(3);
    // The scheduler breaks ties towards the first.
    mocks[0].inject(Fault::on(Operation::Spawn).halfway());
    let world = Parts::simulated(&mocks).start().await;
    let server = world.boot("web-1").await;
    assert_eq!(server.host, Some("host-2".parse().unwrap()));
    assert_eq!(spawns(&mocks), 2);

    // The failed host holds nothing.
    let usages = world.store.hosts().host_usages().await.unwrap();
    let held: Vec<&HostName> = usages
        .iter()
        .filter(|u| !u.used.is_empty())
        .map(|u| u.host.name())
        .collect();
    assert_eq!(held, [&"host-2".parse::<HostName>().unwrap()]);
    assert_eq!(world.hypervisors[0].list().await.unwrap(), []);
    world.delete(server.id).await;
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn when_every_attempt_fails_the_server_is_in_error_and_says_why() {
    let mocks = mocks(4);
    for mock in &mocks {
        mock.inject(Fault::on(Operation::Spawn).always());
    }
    let world = Parts::simulated(&mocks).start().await;
    let server = world.create("web-1").await;
    let server = world.settled(server.id).await;
    assert_eq!((server.vm_state, server.host), (VmState::Error, None));
    // Nova's max_attempts, not every host there is.
    assert_eq!(spawns(&mocks), 3);

    let faults = world.faults(server.id).await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0]
            .message
            .starts_with("Exceeded maximum number of retries")
    );
    assert!(
        faults[0].details.as_ref().unwrap().contains("spawn"),
        "{faults:?}"
    );
    world.assert_empty().await;

    // The owner is told the message, and nothing of what is inside the cloud.
    let told = world
        .api()
        .server_faults(&world.user, server.id)
        .await
        .unwrap();
    assert_eq!(
        (told[0].details.clone(), told[0].host.clone()),
        (None, None)
    );
    world.delete(server.id).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fits_nowhere_is_in_error_with_an_explanation() {
    let world = Parts::simulated(&mocks(3)).start().await;
    world
        .api()
        .flavor_create(&world.admin, &flavor("huge", 1, 1 << 20, 1))
        .await
        .unwrap();
    let request = CreateServer::new("huge", "huge", world.image);
    let server = world
        .api()
        .server_create(&world.user, request.clone())
        .await
        .unwrap();
    let server = world.settled(server.id).await;
    assert_eq!(server.vm_state, VmState::Error);
    let faults = world.faults(server.id).await;
    assert!(
        faults[0].message.starts_with("No valid host was found"),
        "{faults:?}"
    );
    let details = faults[0].details.as_ref().unwrap();
    assert!(
        details.contains("RamFilter") && details.contains('3'),
        "{details}"
    );

    // The same without a server: a plan that is not committed.
    let plan = world
        .api()
        .server_plan(&world.admin, request)
        .await
        .unwrap();
    assert!(!plan.is_placed());
    let reasons = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(reasons(&plan.explain().to_string()), reasons(details));
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_is_given_up_in_time() {
    let mocks = mocks(2);
    mocks[0].hang_next(Operation::Spawn);
    let mut parts = Parts::simulated(&mocks);
    parts.conductor = ConductorConfig::default().spawn_timeout(Duration::from_secs(30));
    let world = parts.start().await;
    let server = world.create("web-1").await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    // The removal waits for the spawn that hangs; it is released, and ends in nothing.
    mocks[0].release();
    let server = world.settled(server.id).await;
    assert_eq!(server.host, Some("host-2".parse().unwrap()));
    assert_eq!(world.hypervisors[0].list().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_delete_in_the_middle_of_a_build_wins() {
    let mocks = vec![
        MockHypervisor::builder("host-1")
            .latency(Operation::Spawn, Duration::from_secs(60))
            .build(),
    ];
    let world = Parts::simulated(&mocks).start().await;
    let server = world.create("web-1").await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.delete(server.id).await;
    world.assert_empty().await;
    assert_eq!(spawns(&mocks), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_driver_cannot_do_is_refused_at_once() {
    let world = Parts::simulated(&[MockHypervisor::builder("host-1").without_pause().build()])
        .start()
        .await;
    let server = world.boot("web-1").await;
    let refused = world
        .api()
        .server_pause(&world.user, server.id)
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Unsupported { .. }), "{refused}");
    assert_eq!(
        refused.to_string(),
        format!("the host of server {} cannot pause servers", server.id)
    );
    assert_eq!(
        world
            .api()
            .server_show(&world.admin, server.id)
            .await
            .unwrap(),
        server
    );
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_fails_leaves_the_server_as_it_was_with_a_fault() {
    let mocks = mocks(1);
    let world = Parts::simulated(&mocks).start().await;
    let server = world.boot("web-1").await;
    mocks[0].fail_next(Operation::PowerOff);
    world
        .api()
        .server_stop(&world.user, server.id)
        .await
        .unwrap();
    let after = world.settled(server.id).await;
    assert_eq!(
        (after.vm_state, after.power_state),
        (VmState::Active, PowerState::Running)
    );
    assert_eq!(world.faults(server.id).await.len(), 1);

    // Nothing stands in the way of trying again.
    world
        .api()
        .server_stop(&world.user, server.id)
        .await
        .unwrap();
    assert_eq!(world.settled(server.id).await.vm_state, VmState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_fails_can_be_asked_for_again() {
    let mocks = mocks(1);
    let world = Parts::simulated(&mocks).start().await;
    let server = world.boot("web-1").await;
    mocks[0].fail_next(Operation::Destroy);
    world
        .api()
        .server_delete(&world.user, server.id)
        .await
        .unwrap();
    assert_eq!(world.settled(server.id).await.vm_state, VmState::Error);
    world.delete(server.id).await;
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_disabled_host_gets_no_new_servers() {
    let world = Parts::simulated(&mocks(2)).start().await;
    let host: HostName = "host-1".parse().unwrap();
    let reason = "its fan is loud";
    world
        .api()
        .host_disable(&world.admin, &host, reason)
        .await
        .unwrap();
    assert_eq!(
        world.boot("web-1").await.host,
        Some("host-2".parse().unwrap())
    );
    world.api().host_enable(&world.admin, &host).await.unwrap();
    assert_eq!(world.boot("web-2").await.host, Some(host));
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_cannot_start_says_why() {
    let mocks = mocks(1);
    mocks[0].host_dies();
    let env = Env::simulated(1);
    let images = Arc::new(MemoryImages::new(&env));
    let build = |store: &Store| {
        Cloud::builder(env.clone(), store.clone(), images.clone()).host(
            ComputeConfig::new("host-1").unwrap(),
            Arc::new(mocks[0].clone()),
        )
    };
    let store = Store::new(MemoryStore::new());
    let refused = build(&store).start().await.unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Role {
                role: "compute",
                ..
            }
        ),
        "{refused}"
    );
    let twice = build(&store).host(
        ComputeConfig::new("host-1").unwrap(),
        Arc::new(mocks[0].clone()),
    );
    assert!(matches!(
        twice.start().await.unwrap_err(),
        Error::Configuration { .. }
    ));
    mocks[0].host_returns();
    build(&store).start().await.unwrap().stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn when_no_conductor_listens_nothing_is_changed() {
    let world = Parts::simulated(&mocks(1)).start().await;
    let server = world.boot("web-1").await;
    let (api, store) = (world.api().clone(), world.store.clone());
    let (user, image) = (world.user.clone(), world.image);
    world.cloud.stop().await.unwrap();

    let refused = api
        .server_create(&user, CreateServer::new("web-2", "tiny", image))
        .await;
    assert!(matches!(
        refused,
        Err(Error::Role {
            role: "conductor",
            transient: true,
            ..
        })
    ));
    let refused = api.server_stop(&user, server.id).await;
    assert!(matches!(
        refused,
        Err(Error::Role {
            role: "conductor",
            transient: true,
            ..
        })
    ));

    let all = ServerFilter::default().deleted(Deleted::Include);
    let page = PageRequest::largest();
    let servers = store
        .servers()
        .server_list(&all, ServerSort::default(), &page)
        .await
        .unwrap()
        .items;
    assert_eq!(servers.len(), 1);
    assert_eq!(
        (servers[0].vm_state, servers[0].task_state),
        (VmState::Active, None)
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_in_time() {
    let mocks = mocks(1);
    mocks[0].hang_next(Operation::Spawn);
    let world = Parts::simulated(&mocks).start().await;
    let server = world.create("web-1").await;
    let patience = Duration::from_secs(3);
    let waited = world
        .api()
        .wait_until_settled(&world.user, server.id, patience)
        .await;
    assert!(
        matches!(
            waited,
            Err(Error::NotInTime {
                waited_ms: 3000..,
                ..
            })
        ),
        "{waited:?}"
    );
    mocks[0].release();
    let server = world
        .api()
        .wait_until_settled(&world.user, server.id, PATIENCE)
        .await
        .unwrap();
    assert_eq!(server.vm_state, VmState::Active);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_cannot_read_its_image_is_passed_over() {
    // The image is fine; this host's copy of it is not there.
    #[derive(Debug)]
    struct Broken(Arc<dyn ImageSource>);

    #[async_trait::async_trait]
    impl ImageSource for Broken {
        async fn show(&self, id: ImageId) -> Result<ImageMeta, ImageError> {
            self.0.show(id).await
        }

        async fn prepare(&self, _id: ImageId) -> Result<BaseImage, ImageError> {
            Err(ImageError::Io(std::io::Error::other("the disk is full")))
        }
    }

    let mocks = mocks(2);
    let world = Parts::simulated(&mocks[1..]).start_as("host-2").await;
    let compute = Compute::builder(
        world.env.clone(),
        world.transport.clone(),
        ComputeConfig::new("host-1").unwrap(),
        Arc::new(mocks[0].clone()),
        Arc::new(Broken(world.images.clone())),
    );
    let compute = compute.start().await.unwrap();
    let server = world.boot("web-1").await;
    assert_eq!(server.host, Some("host-2".parse().unwrap()));
    assert_eq!(spawns(&mocks[..1]), 0);
    compute.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_build_that_waits_for_its_turn_is_not_begun_after_it_was_given_up() {
    let mocks = vec![
        MockHypervisor::builder("host-1")
            .latency(Operation::Spawn, Duration::from_secs(400))
            .build(),
    ];
    let mut parts = Parts::simulated(&mocks);
    parts.compute = |config| {
        let mut config = config;
        config.max_concurrent_builds = 1;
        config
    };
    let world = parts.start().await;
    let mut ids = Vec::new();
    for index in 0..3 {
        ids.push(world.create(&format!("web-{index}")).await.id);
    }
    let mut active = 0;
    for id in ids {
        let patience = Duration::from_secs(10_000);
        let server = world
            .api()
            .wait_until_settled(&world.admin, id, patience)
            .await
            .unwrap();
        active += usize::from(server.vm_state == VmState::Active);
    }
    tokio::time::sleep(Duration::from_secs(10_000)).await;
    assert_eq!(mocks[0].list().await.unwrap().len(), active);
    let usages = world.store.hosts().host_usages().await.unwrap();
    assert_eq!(usages[0].servers, active as u64);
    // The first was built; the second was under way when it was given up; the third, whose turn
    // had not come, was not begun.
    assert_eq!((active, spawns(&mocks)), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_queue_of_deletes_makes_no_host_look_silent() {
    let mocks = vec![
        MockHypervisor::builder("host-1")
            .latency(Operation::Spawn, Duration::from_secs(500))
            .build(),
        MockHypervisor::new("host-2"),
    ];
    let world = Parts::simulated(&mocks).start().await;
    let id = world.create("web-1").await.id;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..3000 {
        world.api().server_delete(&world.user, id).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(200)).await;
    let now = world.env.now();
    for usage in world.store.hosts().host_usages().await.unwrap() {
        assert!(now.duration_since(usage.host.last_seen) < Duration::from_secs(15));
    }
    world.boot("web-2").await;
    world
        .api()
        .wait_until_gone(&world.user, id, Duration::from_secs(600))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_leaves_no_server_behind_that_nobody_builds() {
    let world = Parts::simulated(&mocks(1)).start().await;
    let request = CreateServer::new("web-1", "tiny", world.image);
    // Dropped at its first pause, wherever that is.
    let asking = world.api().server_create(&world.user, request);
    assert!(futures::FutureExt::now_or_never(asking).is_none());
    let page = PageRequest::largest();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let servers = world
        .api()
        .server_list(&world.admin, &ServerFilter::default(), &page)
        .await;
    for server in servers.unwrap().items {
        assert_eq!(world.settled(server.id).await.vm_state, VmState::Active);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_is_dropped_says_nothing_any_more() {
    let mocks = mocks(1);
    let world = Parts::simulated(&mocks).start().await;
    drop(world.cloud);
    tokio::time::sleep(Duration::from_secs(1)).await;
    mocks[0].clear_journal();
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(mocks[0].journal().count(Operation::List), 0);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_comes_twice_has_one_effect() {
    let mocks = mocks(1);
    let world = Parts::simulated(&mocks).start().await;
    let id = world.boot("web-1").await.id;
    let key = IdempotencyKey::generate(&world.env);
    let host = Client::new(
        world.transport.clone(),
        world.env.clone(),
        Target::topic(COMPUTE),
    )
    .on("host-1")
    .with_idempotency_key(key);
    mocks[0].clear_journal();
    for _ in 0..3 {
        let call = RebootInstance {
            server_id: id,
            shutdown: Shutdown::Hard,
        };
        let power_state = host.call(&world.admin, call).await.unwrap();
        assert_eq!(power_state, PowerState::Running);
    }
    assert_eq!(mocks[0].journal().count(Operation::Reboot), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_now_and_then_loses_no_server_and_no_guest() {
    for every in 2..=12 {
        let store = FlakyStore::new(every);
        let mocks = ["host-1", "host-2"].map(|name| {
            let slow = Duration::from_secs(5);
            MockHypervisor::builder(name)
                .latency(Operation::Spawn, slow)
                .build()
        });
        let env = Env::simulated(u64::from(every));
        let parts = Parts::in_memory(env, store.store(), shared(&mocks));
        let world = parts.start().await;
        store.fail(true);
        let mut ids = Vec::new();
        for index in 0..8 {
            ids.push(world.create(&format!("web-{index}")).await.id);
        }
        tokio::time::sleep(Duration::from_secs(600)).await;
        store.fail(false);
        for id in &ids {
            let server = world.settled(*id).await;
            let faults = world.faults(*id).await;
            assert_eq!(
                server.vm_state,
                VmState::Active,
                "every {every}: {server:?} {faults:?}"
            );
        }
        assert_eq!(guests_on(&mocks).await, ids.len(), "every {every}");
        let usages = world.store.hosts().host_usages().await.unwrap();
        for (usage, mock) in usages.iter().zip(&mocks) {
            let guests = guests_on(std::slice::from_ref(mock)).await;
            assert_eq!(
                usage.servers,
                guests as u64,
                "every {every}: {}",
                usage.host.name()
            );
        }
        world.cloud.stop().await.unwrap();
    }
}

/// How many guests the mocks have.
async fn guests_on(mocks: &[MockHypervisor]) -> usize {
    let mut guests = 0;
    for mock in mocks {
        guests += mock.list().await.unwrap().len();
    }
    guests
}
