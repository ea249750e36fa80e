//! A server's whole life: one body, on every driver and store.

use nova_sdk::prelude::*;
use nova_sdk::virt::guests::SERIAL_UP;

use crate::support::{PATIENCE, Parts, World, mocks};

/// Boots, stops, starts, reboots, pauses and deletes a server, and looks at the guest's own
/// words each time.
async fn live_and_die(world: World) {
    let api = world.api();
    let user = &world.user;

    let asked = world.create("web-1").await;
    assert_eq!(asked.vm_state, VmState::Building);
    let server = world.settled(asked.id).await;
    assert_eq!(
        server.vm_state,
        VmState::Active,
        "{:?}",
        world.faults(server.id).await
    );
    assert_eq!(server.power_state, PowerState::Running);
    assert!(server.host.is_some() && server.launched_at.is_some());
    let id = server.id;
    let mut boots = 1;
    world.until_console_has(id, SERIAL_UP, boots).await;

    let page = PageRequest::largest();
    let listed = api
        .server_list(&world.admin, &ServerFilter::default(), &page)
        .await
        .unwrap();
    assert_eq!(listed.items, [server]);

    api.server_stop(user, id).await.unwrap();
    let server = world.settled(id).await;
    assert_eq!(
        (server.vm_state, server.power_state),
        (VmState::Stopped, PowerState::Shutdown)
    );

    api.server_start(user, id).await.unwrap();
    let server = world.settled(id).await;
    assert_eq!(
        (server.vm_state, server.power_state),
        (VmState::Active, PowerState::Running)
    );
    boots += 1;
    world.until_console_has(id, SERIAL_UP, boots).await;

    api.server_reboot_soft(user, id).await.unwrap();
    assert_eq!(world.settled(id).await.vm_state, VmState::Active);
    boots += 1;
    world.until_console_has(id, SERIAL_UP, boots).await;

    api.server_reboot_hard(user, id).await.unwrap();
    assert_eq!(world.settled(id).await.vm_state, VmState::Active);
    boots += 1;
    world.until_console_has(id, SERIAL_UP, boots).await;

    api.server_pause(user, id).await.unwrap();
    let server = world.settled(id).await;
    assert_eq!(
        (server.vm_state, server.power_state),
        (VmState::Paused, PowerState::Paused)
    );
    api.server_unpause(user, id).await.unwrap();
    let server = world.settled(id).await;
    assert_eq!(
        (server.vm_state, server.power_state),
        (VmState::Active, PowerState::Running)
    );

    assert_eq!(world.faults(id).await, []);
    world.delete(id).await;
    assert!(api.server_show(user, id).await.unwrap_err().is_not_found());
    world.assert_empty().await;
    assert!(api.server_purge(&world.admin, id).await.unwrap());
    assert!(!api.server_purge(&world.admin, id).await.unwrap());
    world.cloud.stop().await.unwrap();
}

/// Six servers at once, spread over the hosts.
async fn many_at_once(world: World) {
    let api = world.api();
    let mut ids = Vec::new();
    for index in 0..6 {
        ids.push(world.create(&format!("web-{index}")).await.id);
    }
    let mut hosts = std::collections::BTreeMap::<HostName, u32>::new();
    for id in &ids {
        let server = api
            .wait_until_settled(&world.admin, *id, PATIENCE)
            .await
            .unwrap();
        assert_eq!(
            server.vm_state,
            VmState::Active,
            "{:?}",
            world.faults(*id).await
        );
        *hosts.entry(server.host.unwrap()).or_default() += 1;
    }
    assert_eq!(
        hosts.len(),
        world.hypervisors.len(),
        "the servers are not spread: {hosts:?}"
    );
    for id in ids {
        world.delete(id).await;
    }
    world.assert_empty().await;
    world.cloud.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_life_on_the_mock_and_the_memory_store() {
    live_and_die(Parts::simulated(&mocks(2)).start().await).await;
}

#[tokio::test(start_paused = true)]
async fn many_at_once_on_the_mock_and_the_memory_store() {
    many_at_once(Parts::simulated(&mocks(3)).start().await).await;
}

#[cfg(feature = "sqlite")]
mod on_sqlite {
    use super::*;
    use crate::support::{shared, sqlite};

    async fn world(directory: &std::path::Path, hosts: usize) -> World {
        let store = sqlite(directory).await;
        Parts::in_memory(Env::system(), store, shared(&mocks(hosts)))
            .start()
            .await
    }

    #[tokio::test]
    async fn a_life_on_the_mock_and_sqlite() {
        let directory = tempfile::tempdir().unwrap();
        live_and_die(world(directory.path(), 2).await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_at_once_on_the_mock_and_sqlite() {
        let directory = tempfile::tempdir().unwrap();
        many_at_once(world(directory.path(), 3).await).await;
    }
}

/// The same over a database server, whose URL is in the environment.
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod on_servers {
    use super::*;
    use crate::support::shared;

    async fn world(variable: &str) -> World {
        let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set"));
        let store = nova_sdk::open_store(&url).await.unwrap();
        Parts::in_memory(Env::system(), store, shared(&mocks(2)))
            .start()
            .await
    }

    #[cfg(feature = "postgres")]
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL in NOVA_TEST_POSTGRES_URL"]
    async fn a_life_on_the_mock_and_postgresql() {
        live_and_die(world("NOVA_TEST_POSTGRES_URL").await).await;
    }

    #[cfg(feature = "mysql")]
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs MariaDB or MySQL in NOVA_TEST_MYSQL_URL"]
    async fn a_life_on_the_mock_and_mariadb() {
        live_and_die(world("NOVA_TEST_MYSQL_URL").await).await;
    }
}

/// The same with every message between the roles through RabbitMQ.
#[cfg(feature = "amqp")]
mod over_rabbitmq {
    use std::sync::Arc;

    use super::*;
    use crate::support::shared;

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
    async fn a_life_and_many_at_once_over_rabbitmq() {
        let env = Env::system();
        let url = std::env::var("NOVA_TEST_AMQP_URL").expect("NOVA_TEST_AMQP_URL is not set");
        let exchange = format!("nova-kit-{}", env.uuid().simple());
        let config = AmqpConfig::new(url.parse().unwrap()).control_exchange(exchange);
        let transport = AmqpTransport::connect(env.clone(), config).await.unwrap();
        // One after the other: the roles' queues have the same names in both.
        for body in [0, 1] {
            let store = Store::new(MemoryStore::new());
            let mut parts = Parts::in_memory(env.clone(), store, shared(&mocks(3)));
            parts.transport = Some(Arc::new(transport.clone()));
            let world = parts.start().await;
            match body {
                0 => live_and_die(world).await,
                _ => many_at_once(world).await,
            }
        }
        transport.close().await;
    }
}

/// The same with guests that are domains of libvirt.
#[cfg(feature = "libvirt")]
mod on_libvirt {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs libvirt in NOVA_TEST_LIBVIRT_URI"]
    async fn a_life_on_libvirt_and_the_memory_store() {
        let uri = std::env::var("NOVA_TEST_LIBVIRT_URI").expect("NOVA_TEST_LIBVIRT_URI is not set");
        let directory = tempfile::tempdir().unwrap();
        let config = LibvirtConfig::new(uri, directory.path().join("host-1"));
        let driver: Arc<dyn Hypervisor> = Arc::new(LibvirtHypervisor::open(config).await.unwrap());
        let store = Store::new(MemoryStore::new());
        let parts = Parts::on_disk(Env::system(), store, vec![driver], directory.path()).await;
        live_and_die(parts.start().await).await;
    }
}

#[cfg(feature = "qemu")]
mod on_qemu {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;

    async fn world(directory: &Path, store: Store, hosts: usize) -> World {
        let mut hypervisors: Vec<Arc<dyn Hypervisor>> = Vec::new();
        for index in 1..=hosts {
            let config = QemuConfig::new(directory.join(format!("host-{index}")));
            hypervisors.push(Arc::new(QemuHypervisor::open(config).await.unwrap()));
        }
        Parts::on_disk(Env::system(), store, hypervisors, directory)
            .await
            .start()
            .await
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs qemu-system-x86_64 and qemu-img"]
    async fn a_life_on_qemu_and_the_memory_store() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(MemoryStore::new());
        live_and_die(world(directory.path(), store, 1).await).await;
    }

    #[cfg(feature = "sqlite")]
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs qemu-system-x86_64 and qemu-img"]
    async fn a_life_on_qemu_and_sqlite() {
        let directory = tempfile::tempdir().unwrap();
        let store = crate::support::sqlite(directory.path()).await;
        live_and_die(world(directory.path(), store, 1).await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs qemu-system-x86_64 and qemu-img"]
    async fn many_at_once_on_qemu() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(MemoryStore::new());
        many_at_once(world(directory.path(), store, 3).await).await;
    }
}
