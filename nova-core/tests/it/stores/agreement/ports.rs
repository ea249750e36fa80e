//! Calls about ports.

use nova_core::env::Timestamp;
use nova_core::id::{NetworkId, PortId};
use nova_core::model::{FixedIp, Generation, MacAddress, ServerPort};
use nova_core::repository::{PageRequest, Store};
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, generation, json, page, page_request, seldom, server_id, text, uuid,
};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
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
        page: (u32, Option<u8>),
    },
    Update {
        id: u8,
        wrong: bool,
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
    let port = || {
        (few(), 0..2_u8, 0..6_u8, 0..3_u32).prop_map(|(server, network, mac, order)| Port {
            server,
            network,
            mac,
            order,
        })
    };
    prop_oneof![
        8 => (few(), port()).prop_map(|(id, port)| Call::Attach { id, port }),
        1 => few().prop_map(|id| Call::Get { id }),
        2 => few().prop_map(|server| Call::Of { server }),
        2 => (0..2_u8, page_request())
            .prop_map(|(network, page)| Call::ByNetwork { network, page }),
        3 => (few(), seldom(), port())
            .prop_map(|(id, wrong, port)| Call::Update { id, wrong, port }),
        2 => (few(), few()).prop_map(|(server, id)| Call::Detach { server, id }),
    ]
}

fn port_id(number: u8) -> PortId {
    PortId::from_uuid(uuid(4, number))
}

fn network_id(number: u8) -> NetworkId {
    NetworkId::from_uuid(uuid(5, number))
}

fn port(id: u8, generation: Generation, port: &Port) -> ServerPort {
    let mac = MacAddress::new([2, 0, 0, 0, 0, port.mac]).unwrap();
    let address = [192, 0, 2, port.mac].into();
    let (server, network) = (server_id(port.server), network_id(port.network));
    ServerPort::builder(port_id(id), server, network, mac)
        .fixed_ips([FixedIp::new(address, Some(24)).unwrap()])
        .security_groups(["\u{1f980}"])
        .order(port.order)
        .generation(generation)
        .build()
        .unwrap()
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, _: Timestamp) -> String {
    let ports = store.ports();
    match call {
        Call::Attach { id, port: new } => {
            let port = port(*id, Generation::FIRST, new);
            text(ports.port_attach(&port).await)
        }
        Call::Get { id } => text(ports.port_get(port_id(*id)).await),
        Call::Of { server } => text(ports.ports_of(server_id(*server)).await),
        Call::ByNetwork {
            network,
            page: request,
        } => {
            let page = page(request, port_id);
            let list = ports.port_list_by_network(network_id(*network), &page);
            text(list.await)
        }
        Call::Update {
            id,
            wrong,
            port: new,
        } => {
            let held = ports.port_get(port_id(*id)).await;
            let held = held.map_or(Generation::FIRST, |port| port.generation());
            let port = port(*id, generation(held, *wrong), new);
            text(ports.port_update(&port).await)
        }
        Call::Detach { server, id } => {
            text(ports.port_detach(server_id(*server), port_id(*id)).await)
        }
    }
}

/// What the store holds of ports.
pub async fn contents(store: &Store) -> Vec<String> {
    let ports = store.ports();
    let mut all = Vec::new();
    for number in NUMBERS {
        all.push(json(ports.port_get(port_id(number)).await));
        all.push(text(ports.ports_of(server_id(number)).await));
        let page = PageRequest::largest();
        let list = ports.port_list_by_network(network_id(number), &page);
        all.push(text(list.await));
    }
    all
}
