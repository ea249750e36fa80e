//! Network ports.

use std::net::IpAddr;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, is_already_exists, server, successes};
use crate::env::Env;
use crate::error::{Error, ObjectKind};
use crate::id::{NetworkId, PortId, ServerId};
use crate::model::{
    DeviceTag, FixedIp, Generation, MacAddress, ServerPort, ServerPortBuilder, VifType,
};
use crate::repository::{MAX_PORTS, Page, PageRequest, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(ports {
    an_attached_port_reads_back,
    a_port_needs_its_server,
    a_port_is_on_one_server,
    a_mac_address_is_once_in_a_network,
    the_ports_of_a_server_are_in_order,
    pages_of_a_network_follow_the_id,
    a_write_is_compare_and_set,
    of_racing_writes_one_wins,
    of_racing_attachments_one_wins,
    a_port_is_detached_from_its_own_server_only,
    ports_go_with_their_server,
    a_server_has_only_so_many,
});

async fn stored_server(store: &Store, env: &Env) -> ServerId {
    let server = server(env);
    store.servers().server_create(&server).await.unwrap();
    server.id
}

fn mac(number: u64) -> MacAddress {
    let [.., a, b, c, d] = number.to_be_bytes();
    MacAddress::new([0xfa, 0x16, a, b, c, d]).unwrap()
}

/// A port in a network of its own.
pub(super) fn port(env: &Env, server: ServerId) -> ServerPortBuilder {
    port_in(env, server, NetworkId::generate(env), 1)
}

fn port_in(env: &Env, server: ServerId, network: NetworkId, number: u64) -> ServerPortBuilder {
    ServerPort::builder(PortId::generate(env), server, network, mac(number))
}

/// `port_attach` keeps every field, those of the largest too.
pub async fn an_attached_port_reads_back(store: &Store, env: &Env) {
    let server = stored_server(store, env).await;
    let v6: IpAddr = "fd00::ffff".parse().unwrap();
    let full = port(env, server)
        .fixed_ips([
            FixedIp::new([10, 0, 0, 9].into(), Some(24)).unwrap(),
            FixedIp::new(v6, None).unwrap(),
            FixedIp::new([10, 0, 0, 1].into(), Some(0)).unwrap(),
        ])
        .floating_ips([[192, 0, 2, 7].into(), [192, 0, 2, 1].into(), v6])
        .vif_type(VifType::VhostUser)
        .active(true)
        .mtu(ServerPort::MAX_MTU)
        .tag(DeviceTag::new("nic \u{1f980}").unwrap())
        .security_groups(["default", "\u{1f980} '\"\\", &"x".repeat(255)])
        .order(u32::MAX)
        .generation(Generation::new(u64::MAX));
    for port in [port(env, server), full] {
        let port = port.build().unwrap();
        attach(store, &port).await;
        assert_eq!(get(store, port.id()).await, port);
    }
    for vif_type in VifType::ALL {
        let port = port(env, server).vif_type(*vif_type).build().unwrap();
        attach(store, &port).await;
        assert_eq!(get(store, port.id()).await, port);
    }
}

/// `port_attach` to an unknown server is `NotFound`; it has none.
pub async fn a_port_needs_its_server(store: &Store, env: &Env) {
    let missing = ServerId::generate(env);
    let lost = port(env, missing).build().unwrap();
    assert_fails!(
        store.ports().port_attach(&lost).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == missing.to_string()
    );
    assert_eq!(store.ports().ports_of(missing).await.unwrap(), []);
    assert_fails!(
        store.ports().port_get(lost.id()).await,
        Error::NotFound { kind: ObjectKind::Port, id } if id == lost.id().to_string()
    );
}

/// `port_attach` refuses a port that is on a server, that one or another.
pub async fn a_port_is_on_one_server(store: &Store, env: &Env) {
    let first = port(env, stored_server(store, env).await).build().unwrap();
    attach(store, &first).await;
    let other = stored_server(store, env).await;
    let second = ServerPort::builder(first.id(), other, NetworkId::generate(env), mac(2));
    for again in [first.clone(), second.build().unwrap()] {
        assert_fails!(
            store.ports().port_attach(&again).await,
            Error::AlreadyExists { kind: ObjectKind::Port, id } if id == first.id().to_string()
        );
    }
    assert_eq!(get(store, first.id()).await, first);
    assert_eq!(store.ports().ports_of(other).await.unwrap(), []);
}

/// A MAC address is once in a network, whichever servers have the ports; another network may have
/// it too.
pub async fn a_mac_address_is_once_in_a_network(store: &Store, env: &Env) {
    let (server, other) = (
        stored_server(store, env).await,
        stored_server(store, env).await,
    );
    let network = NetworkId::generate(env);
    let first = port_in(env, server, network, 1).build().unwrap();
    let second = port_in(env, other, network, 2).build().unwrap();
    attach(store, &first).await;
    attach(store, &second).await;
    let taken = format!("{} of network {network}", mac(1));
    for server in [server, other] {
        let clash = port_in(env, server, network, 1).build().unwrap();
        assert_fails!(
            store.ports().port_attach(&clash).await,
            Error::AlreadyExists { kind: ObjectKind::Port, id } if id == taken
        );
    }
    let clash = second.edit().mac(mac(1)).build().unwrap();
    assert_fails!(
        store.ports().port_update(&clash).await,
        Error::AlreadyExists { kind: ObjectKind::Port, id } if id == taken
    );
    let stale = second.edit().mac(mac(1)).generation(Generation::new(9));
    let stale = stale.build().unwrap();
    assert_fails!(store.ports().port_update(&stale).await, Error::Stale { .. });
    assert_eq!(get(store, second.id()).await, second);
    attach(store, &port(env, other).build().unwrap()).await;

    let changed = first.edit().mac(mac(3)).build().unwrap();
    store.ports().port_update(&changed).await.unwrap();
    let freed = second.edit().mac(mac(1)).build().unwrap();
    store.ports().port_update(&freed).await.unwrap();
}

/// `ports_of` has the ports of that server by order, those of the same place by id.
pub async fn the_ports_of_a_server_are_in_order(store: &Store, env: &Env) {
    let (server, other) = (
        stored_server(store, env).await,
        stored_server(store, env).await,
    );
    attach(store, &port(env, other).build().unwrap()).await;
    let mut expected = Vec::new();
    for order in [5, 0, u32::MAX, 5, 1] {
        let port = port(env, server).order(order).build().unwrap();
        attach(store, &port).await;
        expected.push(port);
    }
    expected.sort_unstable_by_key(|port| (port.order(), port.id()));
    assert_eq!(store.ports().ports_of(server).await.unwrap(), expected);
}

/// `port_list_by_network` has every port of the network once, by id, while others come and go.
pub async fn pages_of_a_network_follow_the_id(store: &Store, env: &Env) {
    let network = NetworkId::generate(env);
    let server = stored_server(store, env).await;
    let mut expected = Vec::new();
    for number in 0..7 {
        let port = port_in(env, server, network, number).build().unwrap();
        attach(store, &port).await;
        expected.push(port);
    }
    attach(store, &port(env, server).build().unwrap()).await;
    expected.sort_unstable_by_key(ServerPort::id);
    for limit in [1, 3, 7, 1000] {
        let mut listed = Vec::new();
        let mut request = PageRequest::first(limit).unwrap();
        loop {
            let page = page(store, network, &request).await;
            listed.extend(page.items);
            let Some(marker) = page.next else { break };
            assert_eq!(listed.last().map(ServerPort::id), Some(marker));
            request = request.after(marker);
        }
        assert_eq!(listed, expected, "in pages of {limit}");
    }

    let marker = expected[2].id();
    assert!(store.ports().port_detach(server, marker).await.unwrap());
    let newer = port_in(env, server, network, 99).build().unwrap();
    attach(store, &newer).await;
    let rest = page(store, network, &PageRequest::largest().after(marker)).await;
    let mut after: Vec<ServerPort> = expected[3..].to_vec();
    if newer.id() > marker {
        after.push(newer);
        after.sort_unstable_by_key(ServerPort::id);
    }
    assert_eq!(rest.items, after);
    assert_eq!(rest.next, None);
}

/// `port_update` writes every field but id, server and network, from the current generation only.
pub async fn a_write_is_compare_and_set(store: &Store, env: &Env) {
    let (server, other) = (
        stored_server(store, env).await,
        stored_server(store, env).await,
    );
    let before = port(env, server)
        .mtu(1500)
        .security_groups(["default"])
        .build()
        .unwrap();
    attach(store, &before).await;
    let wanted = ServerPort::builder(before.id(), other, NetworkId::generate(env), mac(2))
        .fixed_ips([FixedIp::new([10, 0, 0, 9].into(), Some(24)).unwrap()])
        .vif_type(VifType::Ovs)
        .active(true)
        .order(3);
    let wanted = wanted.build().unwrap();
    let written = store.ports().port_update(&wanted).await.unwrap();
    let expected = before
        .edit()
        .mac(mac(2))
        .fixed_ips(wanted.fixed_ips().to_vec())
        .vif_type(VifType::Ovs)
        .active(true)
        .order(3)
        .mtu(None)
        .security_groups([""; 0])
        .generation(before.generation().next());
    assert_eq!(written, expected.build().unwrap());
    assert_eq!(get(store, before.id()).await, written);
    assert_eq!(
        page(store, before.network_id(), &PageRequest::largest())
            .await
            .items,
        std::slice::from_ref(&written)
    );

    assert_fails!(
        store.ports().port_update(&before).await,
        Error::Stale { kind: ObjectKind::Port, id, expected }
            if id == before.id().to_string() && expected == before.generation()
    );
    assert_eq!(get(store, before.id()).await, written);
    let missing = port(env, server).build().unwrap();
    assert_fails!(
        store.ports().port_update(&missing).await,
        Error::NotFound { kind: ObjectKind::Port, id } if id == missing.id().to_string()
    );
}

/// Of many writes from the same generation exactly one is done.
pub async fn of_racing_writes_one_wins(store: &Store, env: &Env) {
    let port = port(env, stored_server(store, env).await).build().unwrap();
    attach(store, &port).await;
    let results = at_once(8, |index| {
        let order = u32::try_from(index).unwrap();
        let (store, wanted) = (store.clone(), port.edit().order(order).build().unwrap());
        async move { store.ports().port_update(&wanted).await }
    })
    .await;
    let winners = successes(results, Error::is_stale);
    assert_eq!(
        winners.len(),
        1,
        "so many writes of one generation were done"
    );
    assert_eq!(get(store, port.id()).await, winners[0]);
}

/// Of many attachments of a port to servers at once one is made; likewise of one MAC address.
pub async fn of_racing_attachments_one_wins(store: &Store, env: &Env) {
    let servers = [
        stored_server(store, env).await,
        stored_server(store, env).await,
    ];
    let (id, network) = (PortId::generate(env), NetworkId::generate(env));
    for same_id in [true, false] {
        let results = at_once(8, |index| {
            let server = servers[index % 2];
            let new = match same_id {
                true => ServerPort::builder(id, server, NetworkId::generate(env), mac(1)),
                false => port_in(env, server, network, 1),
            };
            let (store, port) = (store.clone(), new.build().unwrap());
            async move { store.ports().port_attach(&port).await }
        })
        .await;
        let winners = successes(results, is_already_exists);
        assert_eq!(winners.len(), 1, "the same id: {same_id}");
    }
}

/// `port_detach` returns whether the port was on that server; on another it stays.
pub async fn a_port_is_detached_from_its_own_server_only(store: &Store, env: &Env) {
    let (server, other) = (
        stored_server(store, env).await,
        stored_server(store, env).await,
    );
    let port = port(env, server).build().unwrap();
    let detach = async |from| store.ports().port_detach(from, port.id()).await.unwrap();
    assert!(!detach(server).await);
    attach(store, &port).await;
    assert!(!detach(other).await);
    assert_eq!(get(store, port.id()).await, port);
    assert!(detach(server).await);
    assert!(!detach(server).await);
    assert!(
        store
            .ports()
            .port_get(port.id())
            .await
            .unwrap_err()
            .is_not_found()
    );
    // Now another server may have it, with its MAC address.
    let moved = ServerPort::builder(port.id(), other, port.network_id(), port.mac());
    attach(store, &moved.build().unwrap()).await;
}

/// The ports of a purged server are gone, and those of others stay.
pub async fn ports_go_with_their_server(store: &Store, env: &Env) {
    let gone = deleted(server(env), env.now());
    store.servers().server_create(&gone).await.unwrap();
    let other = stored_server(store, env).await;
    let network = NetworkId::generate(env);
    let lost = port_in(env, gone.id, network, 1).build().unwrap();
    let kept = port_in(env, other, network, 2).build().unwrap();
    attach(store, &lost).await;
    attach(store, &kept).await;
    let purged = store.servers().server_purge(gone.id, gone.generation).await;
    assert!(purged.unwrap());
    assert!(
        store
            .ports()
            .port_get(lost.id())
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert_eq!(store.ports().ports_of(gone.id).await.unwrap(), []);
    let listed = page(store, network, &PageRequest::largest()).await.items;
    assert_eq!(listed, [kept]);
    let again = port_in(env, other, network, 1).build().unwrap();
    attach(store, &again).await;
}

/// A server has at most `MAX_PORTS`; one more is `Invalid`, also when several are added at once.
pub async fn a_server_has_only_so_many(store: &Store, env: &Env) {
    let server = stored_server(store, env).await;
    for _ in 4..MAX_PORTS {
        attach(store, &port(env, server).build().unwrap()).await;
    }
    let results = at_once(8, |_| {
        let (store, port) = (store.clone(), port(env, server).build().unwrap());
        async move { store.ports().port_attach(&port).await }
    })
    .await;
    let added = successes(results, |error| {
        matches!(error, Error::Invalid { field: "ports", .. })
    });
    assert_eq!(added.len(), 4);
    let held = store.ports().ports_of(server).await.unwrap();
    assert_eq!(held.len(), MAX_PORTS);
}

async fn attach(store: &Store, port: &ServerPort) {
    store.ports().port_attach(port).await.unwrap();
}

async fn get(store: &Store, id: PortId) -> ServerPort {
    store.ports().port_get(id).await.unwrap()
}

async fn page(
    store: &Store,
    network: NetworkId,
    request: &PageRequest<PortId>,
) -> Page<ServerPort, PortId> {
    let page = store.ports().port_list_by_network(network, request);
    page.await.unwrap()
}
