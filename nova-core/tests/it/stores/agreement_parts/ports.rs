//! Calls about ports.

use nova_core::env::Timestamp;
use nova_core::id::{ImageId, NetworkId, PortId, ServerId};
use nova_core::model::{Flavor, Generation, MacAddress, NewServer, Server, ServerPort};
use nova_core::repository::{PageRequest, Store};
use nova_core::units::{Gibibytes, Mebibytes};
use proptest::prelude::*;

/// A call, over few enough ids that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    AddServer {
        server: u8,
    },
    Attach {
        id: u8,
        port: Port,
    },
    Get {
        id: u8,
    },
    Of {
        server: u8,
    },
    ByNetwork {
        network: u8,
        limit: u32,
        marker: Option<u8>,
    },
    Update {
        id: u8,
        generation: u64,
        port: Port,
    },
    Detach {
        server: u8,
        id: u8,
    },
}

/// What may be said of a port.
#[derive(Debug, Clone)]
pub struct Port {
    server: u8,
    network: u8,
    mac: u8,
    order: u32,
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let id = || 0..6_u8;
    let port = || {
        (0..3_u8, 0..2_u8, 0..6_u8, 0..3_u32).prop_map(|(server, network, mac, order)| Port {
            server,
            network,
            mac,
            order,
        })
    };
    prop_oneof![
        2 => (0..3_u8).prop_map(|server| Call::AddServer { server }),
        4 => (id(), port()).prop_map(|(id, port)| Call::Attach { id, port }),
        1 => id().prop_map(|id| Call::Get { id }),
        2 => (0..3_u8).prop_map(|server| Call::Of { server }),
        2 => (0..2_u8, 1..3_u32, prop::option::of(id()))
            .prop_map(|(network, limit, marker)| Call::ByNetwork { network, limit, marker }),
        3 => (id(), 0..3_u64, port())
            .prop_map(|(id, generation, port)| Call::Update { id, generation, port }),
        2 => (0..3_u8, id()).prop_map(|(server, id)| Call::Detach { server, id }),
    ]
}

fn port_id(number: u8) -> PortId {
    PortId::from_uuid(uuid(number))
}

fn network_id(number: u8) -> NetworkId {
    NetworkId::from_uuid(uuid(number))
}

fn port(id: u8, generation: u64, port: &Port) -> ServerPort {
    let mac = MacAddress::new([2, 0, 0, 0, 0, port.mac]).unwrap();
    ServerPort::builder(
        port_id(id),
        server_id(port.server),
        network_id(port.network),
        mac,
    )
    .order(port.order)
    .generation(Generation::new(generation))
    .build()
    .unwrap()
}

fn uuid(number: u8) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(number) + 1)
}

fn server_id(number: u8) -> ServerId {
    ServerId::from_uuid(uuid(number))
}

/// A server that owns what the calls are about.
fn server(number: u8) -> Server {
    let flavor = Flavor::builder(
        "flavor".parse().unwrap(),
        1,
        Mebibytes::new(64),
        Gibibytes::new(1),
    );
    let new = NewServer::new(
        server_id(number),
        "name".parse().unwrap(),
        "project".parse().unwrap(),
        "user".parse().unwrap(),
        flavor.build().unwrap(),
        ImageId::from_uuid(uuid(0)),
    );
    Server::begin(new, Timestamp::EPOCH)
}

/// The answer as text: values and errors alike.
fn text(answer: impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}

/// The store's answer as text.
pub async fn answer(store: &Store, call: &Call) -> String {
    let ports = store.ports();
    match call {
        Call::AddServer { server: number } => {
            text(store.servers().server_create(&server(*number)).await)
        }
        Call::Attach { id, port: new } => text(ports.port_attach(&port(*id, 0, new)).await),
        Call::Get { id } => text(ports.port_get(port_id(*id)).await),
        Call::Of { server } => text(ports.ports_of(server_id(*server)).await),
        Call::ByNetwork {
            network,
            limit,
            marker,
        } => {
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(port_id(*marker));
            }
            text(
                ports
                    .port_list_by_network(network_id(*network), &page)
                    .await,
            )
        }
        Call::Update {
            id,
            generation,
            port: new,
        } => text(ports.port_update(&port(*id, *generation, new)).await),
        Call::Detach { server, id } => {
            text(ports.port_detach(server_id(*server), port_id(*id)).await)
        }
    }
}
