//! Calls of the repository of cells.

use nova_core::env::Timestamp;
use nova_core::id::{CellName, HostName, ServerId};
use nova_core::model::{Cell, CellMember, CellUrl, Generation};
use nova_core::repository::{PageRequest, Store};
use proptest::prelude::*;

/// A call, over few enough ids that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    Create {
        cell: u8,
    },
    Get {
        cell: u8,
    },
    List {
        limit: u32,
        marker: Option<u8>,
    },
    Update {
        cell: u8,
        generation: u64,
        reason: Option<String>,
    },
    Delete {
        cell: u8,
    },
    Map {
        host: bool,
        member: u8,
        cell: u8,
    },
    Of {
        host: bool,
        member: u8,
    },
    Unmap {
        host: bool,
        member: u8,
    },
    Members {
        host: bool,
        cell: u8,
        limit: u32,
        marker: Option<u8>,
    },
}

pub fn call() -> impl Strategy<Value = Call> {
    let cell = || 0..3_u8;
    let member = || (any::<bool>(), 0..3_u8);
    prop_oneof![
        3 => cell().prop_map(|cell| Call::Create { cell }),
        1 => cell().prop_map(|cell| Call::Get { cell }),
        1 => (1..3_u32, prop::option::of(cell()))
            .prop_map(|(limit, marker)| Call::List { limit, marker }),
        3 => (cell(), 0..3_u64, prop::option::of("\\PC{0,4}"))
            .prop_map(|(cell, generation, reason)| Call::Update { cell, generation, reason }),
        1 => cell().prop_map(|cell| Call::Delete { cell }),
        4 => (member(), cell())
            .prop_map(|((host, member), cell)| Call::Map { host, member, cell }),
        1 => member().prop_map(|(host, member)| Call::Of { host, member }),
        2 => member().prop_map(|(host, member)| Call::Unmap { host, member }),
        2 => (any::<bool>(), cell(), 1..3_u32, prop::option::of(0..3_u8))
            .prop_map(|(host, cell, limit, marker)| Call::Members { host, cell, limit, marker }),
    ]
}

fn name(number: u8) -> CellName {
    ["a", "A", "b"][usize::from(number)].parse().unwrap()
}

fn server(number: u8) -> ServerId {
    ServerId::from_uuid(uuid::Uuid::from_u128(u128::from(number) + 1))
}

fn host(number: u8) -> HostName {
    format!("host-{number}").parse().unwrap()
}

fn member(is_host: bool, number: u8) -> CellMember {
    if is_host {
        host(number).into()
    } else {
        server(number).into()
    }
}

fn page<Id>(limit: u32, marker: Option<Id>) -> PageRequest<Id> {
    let page = PageRequest::first(limit).unwrap();
    match marker {
        Some(marker) => page.after(marker),
        None => page,
    }
}

pub async fn answer(store: &Store, call: &Call) -> String {
    let cells = store.cells();
    let url = |text: &str| CellUrl::new(text).unwrap();
    let begun = |number: u8| {
        Cell::new(
            name(number),
            url("sqlite::memory:"),
            url("memory:"),
            Timestamp::EPOCH,
        )
    };
    match call {
        Call::Create { cell } => format!("{:?}", cells.cell_create(&begun(*cell)).await),
        Call::Get { cell } => format!("{:?}", cells.cell_get(&name(*cell)).await),
        Call::List { limit, marker } => {
            let page = page(*limit, marker.map(name));
            format!("{:?}", cells.cell_list(&page).await)
        }
        Call::Update {
            cell,
            generation,
            reason,
        } => {
            let mut change = begun(*cell);
            change.disabled_reason.clone_from(reason);
            change.generation = Generation::new(*generation);
            format!("{:?}", cells.cell_update(&change).await)
        }
        Call::Delete { cell } => format!("{:?}", cells.cell_delete(&name(*cell)).await),
        Call::Map {
            host,
            member: number,
            cell,
        } => {
            let (member, name) = (member(*host, *number), name(*cell));
            format!("{:?}", cells.cell_map(&member, &name).await)
        }
        Call::Of {
            host,
            member: number,
        } => format!("{:?}", cells.cell_of(&member(*host, *number)).await),
        Call::Unmap {
            host,
            member: number,
        } => format!("{:?}", cells.cell_unmap(&member(*host, *number)).await),
        Call::Members {
            host: true,
            cell,
            limit,
            marker,
        } => {
            let page = page(*limit, marker.map(host));
            format!("{:?}", cells.cell_hosts(&name(*cell), &page).await)
        }
        Call::Members {
            host: false,
            cell,
            limit,
            marker,
        } => {
            let page = page(*limit, marker.map(server));
            format!("{:?}", cells.cell_servers(&name(*cell), &page).await)
        }
    }
}
