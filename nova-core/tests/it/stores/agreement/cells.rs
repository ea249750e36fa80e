//! Calls about cells.

use nova_core::env::Timestamp;
use nova_core::id::CellName;
use nova_core::model::{Cell, CellMember, CellUrl, Generation};
use nova_core::repository::{PageRequest, Store};
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, generation, host_name, page, page_request, perhaps, seldom, server_id, text,
    time, words,
};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Create {
        cell: u8,
    },
    Get {
        cell: u8,
    },
    List {
        page: (u32, Option<u8>),
    },
    Update {
        cell: u8,
        wrong: bool,
        reason: Option<u8>,
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
    Servers {
        cell: u8,
        page: (u32, Option<u8>),
    },
    Hosts {
        cell: u8,
        page: (u32, Option<u8>),
    },
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let cell = || 0..3_u8;
    let member = || (any::<bool>(), few());
    let marker = || (1..3_u32, prop::option::of(cell()));
    prop_oneof![
        5 => cell().prop_map(|cell| Call::Create { cell }),
        1 => cell().prop_map(|cell| Call::Get { cell }),
        1 => marker().prop_map(|page| Call::List { page }),
        3 => (cell(), seldom(), perhaps())
            .prop_map(|(cell, wrong, reason)| Call::Update { cell, wrong, reason }),
        1 => cell().prop_map(|cell| Call::Delete { cell }),
        4 => (member(), cell())
            .prop_map(|((host, member), cell)| Call::Map { host, member, cell }),
        1 => member().prop_map(|(host, member)| Call::Of { host, member }),
        2 => member().prop_map(|(host, member)| Call::Unmap { host, member }),
        1 => (cell(), page_request()).prop_map(|(cell, page)| Call::Servers { cell, page }),
        1 => (cell(), page_request()).prop_map(|(cell, page)| Call::Hosts { cell, page }),
    ]
}

fn cell_name(number: u8) -> CellName {
    ["a", "A", "b"][usize::from(number)].parse().unwrap()
}

fn member(is_host: bool, number: u8) -> CellMember {
    match is_host {
        true => host_name(number).into(),
        false => server_id(number).into(),
    }
}

fn cell(number: u8, now: Timestamp) -> Cell {
    let store = CellUrl::new(format!("sqlite:{number}")).unwrap();
    Cell::new(
        cell_name(number),
        store,
        CellUrl::new("memory:").unwrap(),
        now,
    )
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
    let cells = store.cells();
    match call {
        Call::Create { cell: number } => text(cells.cell_create(&cell(*number, now)).await),
        Call::Get { cell } => text(cells.cell_get(&cell_name(*cell)).await),
        Call::List { page: request } => text(cells.cell_list(&page(request, cell_name)).await),
        Call::Update {
            cell: number,
            wrong,
            reason,
        } => {
            let held = cells.cell_get(&cell_name(*number)).await;
            let held = held.map_or(Generation::FIRST, |cell| cell.generation);
            let mut cell = cell(*number, now);
            cell.disabled_reason = reason.map(words);
            cell.generation = generation(held, *wrong);
            // Never written: ignored.
            cell.created_at = time(99);
            text(cells.cell_update(&cell).await)
        }
        Call::Delete { cell } => text(cells.cell_delete(&cell_name(*cell)).await),
        Call::Map {
            host,
            member: number,
            cell,
        } => {
            let map = cells
                .cell_map(&member(*host, *number), &cell_name(*cell))
                .await;
            text(map)
        }
        Call::Of {
            host,
            member: number,
        } => text(cells.cell_of(&member(*host, *number)).await),
        Call::Unmap {
            host,
            member: number,
        } => text(cells.cell_unmap(&member(*host, *number)).await),
        Call::Servers {
            cell,
            page: request,
        } => {
            let page = page(request, server_id);
            text(cells.cell_servers(&cell_name(*cell), &page).await)
        }
        Call::Hosts {
            cell,
            page: request,
        } => {
            let page = page(request, host_name);
            text(cells.cell_hosts(&cell_name(*cell), &page).await)
        }
    }
}

/// What the store holds of cells.
pub async fn contents(store: &Store) -> Vec<String> {
    let cells = store.cells();
    let mut all = vec![text(cells.cell_list(&PageRequest::largest()).await)];
    for number in 0..3 {
        let name = cell_name(number);
        let held = cells.cell_get(&name).await;
        let held = held.map(|cell| cell.store_url.expose().to_owned());
        all.push(text(held));
        all.push(text(
            cells.cell_servers(&name, &PageRequest::largest()).await,
        ));
        all.push(text(cells.cell_hosts(&name, &PageRequest::largest()).await));
    }
    for number in NUMBERS {
        all.push(text(cells.cell_of(&member(true, number)).await));
        all.push(text(cells.cell_of(&member(false, number)).await));
    }
    all
}
